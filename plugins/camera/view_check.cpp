// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/view_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

namespace cxedge::camera {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 1s;
// A gap in the stream is no time in which a state was seen.
constexpr double kLongestStep = 2;
constexpr double kRaiseAfter = 10;
constexpr double kClearAfter = 5;
constexpr double kLearnFirst = 10;
// A view is usual after this; what is kept of it follows the daylight, and costs a flash write.
constexpr double kUsualAfter = 60;
constexpr double kUsualEvery = 6 * 3600;
// How fast the reference follows: daylight within the hour, and never a coat within a minute.
constexpr double kFollow = 600;
constexpr double kSmooth = 3;
// Looks that are the same, bit by bit: noise and each new key picture change some bit.
constexpr int kFrozenLooks = 3;

// Of 255, on a picture averaged to 80 x 60: video black is 16, and there is noise.
constexpr float kDarkMean = 24;
constexpr float kDarkBright = 48;
// It must become this much lighter before it is no longer dark.
constexpr float kLighter = 1.3F;
// Mean difference between neighbouring cells that is structure and not noise.
constexpr double kStructure = 1.5;
// Cosine between the gradients of a block and its reference: 1 the same, 0 unrelated.
constexpr double kAlike = 0.4;
constexpr double kMostChanged = 0.6;
constexpr double kStillChanged = 0.4;
constexpr double kBlurred = 0.4;
constexpr double kStillBlurred = 0.6;
constexpr double kCovered = 0.4;
constexpr std::size_t kLeastBlocks = 6;

std::uint64_t fingerprint(const std::vector<std::uint8_t>& bytes) {
    std::uint64_t sum = 0xcbf29ce484222325ULL;  // FNV-1a, eight bytes at a time
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + i, 8);
        sum = (sum ^ word) * 0x100000001b3ULL;
    }
    return sum;
}

// ITU-R BT.601 in 256ths.
std::vector<int> grey_of(const Frame& frame) {
    std::vector<int> grey(frame.bgr.size() / 3);
    for (std::size_t i = 0; i < grey.size(); ++i) {
        const std::uint8_t* p = frame.bgr.data() + 3 * i;
        grey[i] = (29 * p[0] + 150 * p[1] + 77 * p[2]) >> 8;
    }
    return grey;
}

float ratio(float sum, int count) {
    return count > 0 ? sum / static_cast<float>(count) : 0.0F;
}

}  // namespace

std::string_view to_string(ViewProblem problem) {
    switch (problem) {
        case ViewProblem::none:
            return "none";
        case ViewProblem::frozen:
            return "frozen";
        case ViewProblem::dark:
            return "dark";
        case ViewProblem::covered:
            return "covered";
        case ViewProblem::blurred:
            return "blurred";
        case ViewProblem::moved:
            return "moved";
    }
    return "none";
}

// A block that a mask touches has the mask's edge for structure: it never moves.
ViewCheck::ViewCheck(const std::vector<Polygon>& masks, std::optional<ViewDigest> known)
    : known_(known) {
    const PrivacyMask mask(masks);
    for (std::size_t cell = 0; cell < ViewGrid::kCells; ++cell) {
        const std::size_t row = cell / ViewGrid::kCellsX;
        const double x = (static_cast<double>(cell % ViewGrid::kCellsX) + 0.5) / ViewGrid::kCellsX;
        const double y = (static_cast<double>(row) + 0.5) / ViewGrid::kCellsY;
        masked_[block_of(cell)] = masked_[block_of(cell)] || mask.covers({x, y});
    }
}

std::size_t ViewCheck::block_of(std::size_t cell) {
    const std::size_t x = cell % ViewGrid::kCellsX * ViewGrid::kBlocksX / ViewGrid::kCellsX;
    const std::size_t y = cell / ViewGrid::kCellsX * ViewGrid::kBlocksY / ViewGrid::kCellsY;
    return y * ViewGrid::kBlocksX + x;
}

ViewCheck::Look ViewCheck::look_at(const Frame& frame) {
    Look look;
    std::array<int, ViewGrid::kCells> in_cell{};
    std::array<int, ViewGrid::kBlocks> in_block{};
    const std::vector<int> grey = grey_of(frame);
    const auto width = static_cast<std::size_t>(frame.width);
    const auto height = static_cast<std::size_t>(frame.height);
    for (std::size_t y = 1; y + 1 < height; ++y) {
        for (std::size_t x = 1; x + 1 < width; ++x) {
            const std::size_t i = y * width + x;
            const std::size_t cell =
                y * ViewGrid::kCellsY / height * ViewGrid::kCellsX + x * ViewGrid::kCellsX / width;
            const std::size_t block = block_of(cell);
            look.grey[cell] += static_cast<float>(grey[i]);
            ++in_cell[cell];
            look.fine[block] += static_cast<float>(std::abs(
                4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - width] - grey[i + width]
            ));
            ++in_block[block];
        }
    }
    for (std::size_t i = 0; i < ViewGrid::kCells; ++i) {
        look.grey[i] = ratio(look.grey[i], in_cell[i]);
    }
    for (std::size_t i = 0; i < ViewGrid::kBlocks; ++i) {
        look.fine[i] = ratio(look.fine[i], in_block[i]);
    }
    return look;
}

std::optional<ViewState> ViewCheck::update(const Frame& frame) {
    const bool large_enough = frame.width >= static_cast<int>(ViewGrid::kCellsX) &&
                              frame.height >= static_cast<int>(ViewGrid::kCellsY);
    if (!large_enough || (looked_ && frame.time - *looked_ < kLookEvery && !frame.seam)) {
        return std::nullopt;
    }
    const auto step = looked_ ? frame.time - *looked_ : std::chrono::microseconds(0);
    const double seconds = std::min(std::chrono::duration<double>(step).count(), kLongestStep);
    looked_ = frame.time;
    if (frame.seam) {
        smooth_known_ = false;
    }
    follow_repeats(frame);
    const Look look = look_at(frame);
    smooth(look.grey, seconds);
    const Judged judged = judge(look.fine);
    const ViewProblem seen = name(judged);
    settle(seen, seconds);
    if (seen == ViewProblem::none) {
        learn(look.fine, seconds);
    }
    const bool blind = problem_ == ViewProblem::frozen || problem_ == ViewProblem::dark;
    const bool well = judged.known && seen == ViewProblem::none && problem_ == ViewProblem::none;
    return ViewState{
        problem_, blind ? 1.0 : judged.change, well ? usual() : std::optional<ViewDigest>()};
}

std::optional<ViewDigest> ViewCheck::usual() {
    if (learnt_s_ < kUsualAfter || (told_usual_ > 0 && learnt_s_ < told_usual_ + kUsualEvery)) {
        return std::nullopt;
    }
    told_usual_ = learnt_s_;
    known_.reset();  // it is the same view: from here on the exact reference is better
    return ViewDigest(reference_.grey, masked_);
}

bool ViewCheck::elsewhere() const {
    return known_ &&
           looks_elsewhere(*known_, ViewDigest(smooth_, masked_), problem_ == ViewProblem::moved);
}

void ViewCheck::follow_repeats(const Frame& frame) {
    const std::uint64_t sum = fingerprint(frame.bgr);
    const bool same = std::exchange(fingerprint_, sum) == sum && !frame.seam;
    repeats_ = same ? repeats_ + 1 : 0;
}

void ViewCheck::smooth(const Cells& grey, double seconds) {
    const auto weight = smooth_known_ ? static_cast<float>(1 - std::exp(-seconds / kSmooth)) : 1.0F;
    smooth_known_ = true;
    for (std::size_t i = 0; i < ViewGrid::kCells; ++i) {
        smooth_[i] += weight * (grey[i] - smooth_[i]);
    }
}

bool ViewCheck::dark() const {
    std::vector<float> seen;
    float sum = 0;
    for (std::size_t i = 0; i < ViewGrid::kCells; ++i) {
        if (!masked_[block_of(i)]) {
            seen.push_back(smooth_[i]);
            sum += smooth_[i];
        }
    }
    if (seen.empty()) {
        return false;
    }
    const auto bright = seen.begin() + static_cast<std::ptrdiff_t>(seen.size() * 95 / 100);
    std::nth_element(seen.begin(), bright, seen.end());
    const float factor = problem_ == ViewProblem::dark ? kLighter : 1.0F;
    return sum / static_cast<float>(seen.size()) < kDarkMean * factor &&
           *bright < kDarkBright * factor;
}

// Cosine of the gradients of one block in two pictures; 0 where `b` has no structure at all.
double ViewCheck::likeness(const Cells& a, const Cells& b, std::size_t block) {
    constexpr std::size_t kWide = ViewGrid::kWide;
    constexpr std::size_t kHigh = ViewGrid::kHigh;
    const std::size_t first =
        block / ViewGrid::kBlocksX * kHigh * ViewGrid::kCellsX + block % ViewGrid::kBlocksX * kWide;
    double both = 0;
    double own = 0;
    double other = 0;
    const auto add = [&](std::size_t i, std::size_t next) {
        const double da = a[next] - a[i];
        const double db = b[next] - b[i];
        both += da * db;
        own += da * da;
        other += db * db;
    };
    for (std::size_t y = 0; y + 1 < kHigh; ++y) {
        for (std::size_t x = 0; x + 1 < kWide; ++x) {
            const std::size_t i = first + y * ViewGrid::kCellsX + x;
            add(i, i + 1);
            add(i, i + ViewGrid::kCellsX);
        }
    }
    // Structure far weaker than the reference's is noise, whichever way it points.
    return both / std::max(std::sqrt(own * other), 0.1 * other + 1e-9);
}

ViewCheck::Judged ViewCheck::judge(const Blocks& fine) const {
    std::size_t usable = 0;
    std::size_t changed = 0;
    double fine_then = 0;
    double fine_now = 0;
    double changed_then = 0;
    double changed_now = 0;
    for (std::size_t i = 0; i < ViewGrid::kBlocks; ++i) {
        if (masked_[i] || reference_.fine[i] < kStructure || learnt_s_ < kLearnFirst) {
            continue;
        }
        ++usable;
        fine_then += reference_.fine[i];
        fine_now += fine[i];
        if (likeness(smooth_, reference_.grey, i) < kAlike) {
            ++changed;
            changed_then += reference_.fine[i];
            changed_now += fine[i];
        }
    }
    if (usable < kLeastBlocks) {
        return {};
    }
    return {
        static_cast<double>(changed) / static_cast<double>(usable),
        fine_now / fine_then,
        changed_then > 0 ? changed_now / changed_then : 1.0,
        true};
}

ViewProblem ViewCheck::name(const Judged& judged) const {
    if (repeats_ >= kFrozenLooks) {
        return ViewProblem::frozen;
    }
    if (dark()) {
        return ViewProblem::dark;
    }
    // Before anything is learnt of such a view.
    if (elsewhere()) {
        return ViewProblem::moved;
    }
    if (!judged.known) {
        return ViewProblem::none;
    }
    const bool was_changed = problem_ == ViewProblem::covered || problem_ == ViewProblem::moved;
    if (judged.change >= (was_changed ? kStillChanged : kMostChanged)) {
        return judged.sharpness_of_changed < kCovered ? ViewProblem::covered : ViewProblem::moved;
    }
    const double blurred = problem_ == ViewProblem::blurred ? kStillBlurred : kBlurred;
    return judged.sharpness < blurred ? ViewProblem::blurred : ViewProblem::none;
}

void ViewCheck::learn(const Blocks& fine, double seconds) {
    learnt_s_ += seconds;
    const bool first = learnt_s_ <= kLearnFirst;
    // The plain mean at first, then slowly on.
    const double weight = first ? std::clamp(seconds / std::max(learnt_s_, 1.0), 0.0, 1.0)
                                : 1 - std::exp(-seconds / kFollow);
    const auto part = static_cast<float>(learnt_s_ > 0 ? weight : 1.0);
    for (std::size_t i = 0; i < ViewGrid::kCells; ++i) {
        reference_.grey[i] += part * (smooth_[i] - reference_.grey[i]);
    }
    for (std::size_t i = 0; i < ViewGrid::kBlocks; ++i) {
        reference_.fine[i] += part * (fine[i] - reference_.fine[i]);
    }
}

// Hysteresis in time: what is seen must be seen for a while.
void ViewCheck::settle(ViewProblem seen, double seconds) {
    candidate_s_ = seen == candidate_ ? candidate_s_ + seconds : 0;
    candidate_ = seen;
    const double needed = seen == ViewProblem::none ? kClearAfter : kRaiseAfter;
    if (candidate_s_ >= needed) {
        problem_ = seen;
    }
}

}  // namespace cxedge::camera
