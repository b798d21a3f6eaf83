// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/people_counter.hpp"

#include <utility>

namespace cxedge::camera {
namespace {

void append(
    std::vector<LineCrossing>& to, std::size_t line, const std::vector<Crossing>& crossings
) {
    for (const Crossing& crossing : crossings) {
        to.push_back({line, crossing});
    }
}

}  // namespace

PeopleCounter::PeopleCounter(std::unique_ptr<Detector> detector, std::vector<LinePoints> lines)
    : detector_(std::move(detector)), lines_(std::move(lines)) {}

// Lines are drawn in fractions of the picture; tracks are in pixels.
void PeopleCounter::fit(const Frame& frame) {
    width_ = frame.width;
    height_ = frame.height;
    counters_.clear();
    for (const LinePoints& line : lines_) {
        counters_.emplace_back(to_pixels(line, width_, height_));
    }
}

std::vector<LineCrossing> PeopleCounter::process(const Frame& frame) {
    std::vector<LineCrossing> crossings;
    const bool resized = frame.width != width_ || frame.height != height_;
    if (frame.seam || resized) {
        crossings = finish();
    }
    if (resized) {
        fit(frame);
    }
    tracker_.update(detector_->detect(frame), frame.time);
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        append(crossings, i, counters_[i].update(tracker_.tracks(), frame.time));
    }
    return crossings;
}

std::vector<LineCrossing> PeopleCounter::finish() {
    std::vector<LineCrossing> crossings;
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        append(crossings, i, counters_[i].finish());
    }
    tracker_.reset();
    return crossings;
}

std::uint64_t PeopleCounter::ambiguous(std::size_t line) const {
    return line < counters_.size() ? counters_[line].ambiguous() : 0;
}

}  // namespace cxedge::camera
