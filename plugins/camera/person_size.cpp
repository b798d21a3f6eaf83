// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/person_size.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cxedge::camera {
namespace {

constexpr std::size_t kRefreshEvery = 25;
// People within this share of the picture's height from each other are about equally big.
constexpr double kReach = 0.12;
// Samples far away count a little, so that rows where nobody walked yet have a size, too.
constexpr double kFloorWeight = 1e-3;

// The value below which half of the weight lies.
double weighted_median(std::vector<std::pair<double, double>>& values) {
    std::sort(values.begin(), values.end());
    double total = 0;
    for (const auto& [value, weight] : values) {
        total += weight;
    }
    double below = 0;
    for (const auto& [value, weight] : values) {
        below += weight;
        if (below >= total * 0.35) {
            return value;
        }
    }
    return values.back().first;
}

}  // namespace

void PersonSize::observe(const Box& box, double pixels) {
    samples_.push_back({box.bottom(), box.width, box.height, pixels});
    if (samples_.size() > kKept) {
        samples_.pop_front();
    }
    if (++since_refresh_ >= kRefreshEvery || bands_.empty()) {
        refresh();
    }
}

void PersonSize::refresh() {
    since_refresh_ = 0;
    bands_.clear();
    for (int band = 0; band <= kBands; ++band) {
        bands_.push_back(typical(double(picture_height_) * band / kBands));
    }
}

Size PersonSize::typical(double foot_y) const {
    std::vector<std::pair<double, double>> widths;
    std::vector<std::pair<double, double>> heights;
    for (const Sample& sample : samples_) {
        const double away = (sample.foot_y - foot_y) / (kReach * picture_height_);
        const double weight = (std::exp(-away * away / 2) + kFloorWeight) * sample.pixels;
        widths.emplace_back(sample.width, weight);
        heights.emplace_back(sample.height, weight);
    }
    return {weighted_median(widths), weighted_median(heights)};
}

Size PersonSize::at(double foot_y) const {
    const double place = std::clamp(foot_y / picture_height_, 0.0, 1.0) * kBands;
    const auto lower = static_cast<std::size_t>(place);
    const std::size_t upper = std::min<std::size_t>(lower + 1, kBands);
    const double part = place - std::floor(place);
    const Size& a = bands_[lower];
    const Size& b = bands_[upper];
    return {a.width + (b.width - a.width) * part, a.height + (b.height - a.height) * part};
}

}  // namespace cxedge::camera
