// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/scene.hpp"

#include <utility>

namespace cxedge::camera {
namespace {

void append(SceneReport& to, std::size_t line, const std::vector<Crossing>& crossings) {
    for (const Crossing& crossing : crossings) {
        to.crossings.push_back({line, crossing});
    }
}

}  // namespace

Scene::Scene(std::unique_ptr<Detector> detector, SceneLayout layout)
    : detector_(std::move(detector)), layout_(std::move(layout)) {}

// Lines are drawn in fractions of the picture; tracks are in pixels.
void Scene::fit(const Frame& frame) {
    width_ = frame.width;
    height_ = frame.height;
    counters_.clear();
    for (const LinePoints& line : layout_.lines) {
        counters_.emplace_back(to_pixels(line, width_, height_));
    }
}

SceneReport Scene::process(const Frame& frame) {
    SceneReport report;
    const bool resized = frame.width != width_ || frame.height != height_;
    if (frame.seam || resized) {
        settle(report);
    }
    if (resized) {
        fit(frame);
    }
    tracker_.update(detector_->detect(frame), frame.time);
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        append(report, i, counters_[i].update(tracker_.tracks(), frame.time));
    }
    return report;
}

SceneReport Scene::finish() {
    SceneReport report;
    settle(report);
    return report;
}

void Scene::settle(SceneReport& report) {
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        append(report, i, counters_[i].finish());
    }
    tracker_.reset();
}

std::uint64_t Scene::ambiguous(std::size_t line) const {
    return line < counters_.size() ? counters_[line].ambiguous() : 0;
}

}  // namespace cxedge::camera
