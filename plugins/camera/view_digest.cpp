// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/view_digest.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cxedge::camera {
namespace {

constexpr double kStrongest = 15;
constexpr unsigned kHalfByte = 4;

// Of the clips of ../README.md: the same view at another time, darker, brighter or noisy 0.79 and
// more (0.44 in a crowd of seconds), other places 0.28 and less.
constexpr double kNothingAlike = 0.3;
constexpr double kAlikeAgain = 0.45;
// A camera turned by 15 % of its view is more alike a block further by 0.13 and more, one that was
// not by at least 0.12 less.
constexpr double kFurther = 0.1;
constexpr double kStillFurther = 0.05;
constexpr int kFarthestX = 2;
constexpr int kFarthestY = 1;

using Histogram = std::array<double, ViewDigest::kDirections>;

// Shared by the two directions next to it, so that none is on an edge.
void add_edge(Histogram& histogram, double across, double down) {
    constexpr double kPi = std::numbers::pi;
    const double angle = std::atan2(down, across);
    const double place = (angle < 0 ? angle + kPi : angle) / kPi * double(ViewDigest::kDirections);
    const auto lower = static_cast<std::size_t>(place);
    const double part = place - std::floor(place);
    const double strength = std::hypot(across, down);
    histogram[lower % histogram.size()] += strength * (1 - part);
    histogram[(lower + 1) % histogram.size()] += strength * part;
}

Histogram edges_of(const ViewGrid::Cells& grey, std::size_t block) {
    using Grid = ViewGrid;
    const std::size_t row = block / Grid::kBlocksX * Grid::kHigh;
    const std::size_t column = block % Grid::kBlocksX * Grid::kWide;
    Histogram histogram{};
    for (std::size_t y = row; y + 1 < row + Grid::kHigh; ++y) {
        for (std::size_t x = column; x + 1 < column + Grid::kWide; ++x) {
            const std::size_t i = y * Grid::kCellsX + x;
            add_edge(histogram, grey[i + 1] - grey[i], grey[i + Grid::kCellsX] - grey[i]);
        }
    }
    return histogram;
}

// Pearson's correlation, fed pair by pair.
class Correlation {
public:
    void add(double a, double b) {
        n_ += 1;
        a_ += a;
        b_ += b;
        aa_ += a * a;
        bb_ += b * b;
        ab_ += a * b;
    }
    [[nodiscard]] double value() const {
        const double both = n_ * ab_ - a_ * b_;
        const double spread = (n_ * aa_ - a_ * a_) * (n_ * bb_ - b_ * b_);
        return spread > 0 ? both / std::sqrt(spread) : 0;
    }

private:
    double n_ = 0;
    double a_ = 0;
    double b_ = 0;
    double aa_ = 0;
    double bb_ = 0;
    double ab_ = 0;
};

double best_further(const ViewDigest& then, const ViewDigest& now) {
    double best = -1;
    for (int y = -kFarthestY; y <= kFarthestY; ++y) {
        for (int x = -kFarthestX; x <= kFarthestX; ++x) {
            const bool same_place = x == 0 && y == 0;
            best = same_place ? best : std::max(best, then.likeness(now, {x, y}));
        }
    }
    return best;
}

}  // namespace

// Relative to the strongest edges of the view, so that light does not matter; the root keeps weak
// ones.
ViewDigest::ViewDigest(const ViewGrid::Cells& grey, const ViewGrid::Marks& masked) {
    std::array<Histogram, ViewGrid::kBlocks> blocks{};
    double strongest = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        blocks[i] = masked[i] ? Histogram{} : edges_of(grey, i);
        strongest = std::max(strongest, *std::max_element(blocks[i].begin(), blocks[i].end()));
    }
    for (std::size_t i = 0; i < strength_.size() && strongest > 0; ++i) {
        const double share = blocks[i / kDirections][i % kDirections] / strongest;
        strength_[i] = static_cast<std::uint8_t>(std::lround(kStrongest * std::sqrt(share)));
    }
}

std::string ViewDigest::bytes() const {
    std::string bytes(kBytes, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(strength_[2 * i] | strength_[2 * i + 1] << kHalfByte);
    }
    return bytes;
}

std::optional<ViewDigest> ViewDigest::from_bytes(std::string_view bytes) {
    if (bytes.size() != kBytes) {
        return std::nullopt;
    }
    ViewDigest digest;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        digest.strength_[2 * i] = static_cast<std::uint8_t>(byte & 0x0FU);
        digest.strength_[2 * i + 1] = static_cast<std::uint8_t>(byte >> kHalfByte);
    }
    return digest;
}

double ViewDigest::likeness(const ViewDigest& other, const Shift& shift) const {
    constexpr int kAcross = ViewGrid::kBlocksX;
    constexpr int kDown = ViewGrid::kBlocksY;
    Correlation correlation;
    for (int block = 0; block < kAcross * kDown; ++block) {
        const int x = block % kAcross + shift.x;
        const int y = block / kAcross + shift.y;
        if (x < 0 || x >= kAcross || y < 0 || y >= kDown) {
            continue;
        }
        const std::size_t here = static_cast<std::size_t>(block) * kDirections;
        const std::size_t there = static_cast<std::size_t>(y * kAcross + x) * kDirections;
        for (std::size_t i = 0; i < kDirections; ++i) {
            correlation.add(strength_[here + i], other.strength_[there + i]);
        }
    }
    return correlation.value();
}

bool looks_elsewhere(const ViewDigest& then, const ViewDigest& now, bool before) {
    const double alike = then.likeness(now, {});
    return alike < (before ? kAlikeAgain : kNothingAlike) ||
           best_further(then, now) > alike + (before ? kStillFurther : kFurther);
}

}  // namespace cxedge::camera
