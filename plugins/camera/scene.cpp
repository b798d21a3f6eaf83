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

std::vector<Point> corners_of(const SceneLayout& layout) {
    std::vector<Point> corners;
    for (const LinePoints& line : layout.lines) {
        for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
            corners.push_back({line[i], line[i + 1]});
        }
    }
    for (const ZoneLayout& zone : layout.zones) {
        corners.insert(corners.end(), zone.polygon.begin(), zone.polygon.end());
    }
    return corners;
}

Scene::Scene(std::unique_ptr<Detector> detector, SceneLayout layout)
    : detector_(std::move(detector)), layout_(std::move(layout)), people_(picture_) {}

// Lines and zones are drawn in fractions of the picture; tracks are in pixels.
void Scene::fit(const Frame& frame) {
    picture_ = {frame.width, frame.height};
    people_ = People(picture_);
    counters_.clear();
    for (const LinePoints& line : layout_.lines) {
        counters_.emplace_back(to_pixels(line, picture_.width, picture_.height));
    }
    zones_.clear();
    for (const ZoneLayout& layout : layout_.zones) {
        WatchedZone watched{Zone(layout, picture_), std::nullopt};
        if (layout.service_side) {
            watched.queue.emplace(*layout.service_side);
        }
        zones_.push_back(std::move(watched));
    }
}

SceneReport Scene::process(const Frame& frame) {
    SceneReport report;
    const bool resized = frame.width != picture_.width || frame.height != picture_.height;
    if (frame.seam || resized) {
        settle(report);
    }
    if (resized) {
        fit(frame);
    }
    const bool followed = !tracker_.tracks().empty();
    tracker_.update(detector_->detect(frame, followed), frame.time);
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        const std::uint64_t before = counters_[i].ambiguous();
        append(report, i, counters_[i].update(tracker_.tracks(), frame.time));
        report.ambiguous.push_back(counters_[i].ambiguous() - before);
    }
    report.time = frame.time;
    report.people = people_.update(tracker_.tracks(), frame.time);
    watch_zones(report, frame.time);
    return report;
}

void Scene::watch_zones(SceneReport& report, FrameTime time) {
    report.zones.resize(zones_.size());
    for (std::size_t i = 0; i < zones_.size(); ++i) {
        ZoneReport& told = report.zones[i];
        ZoneView view = zones_[i].zone.update(report.people, time);
        // What ended with a seam is in the report already.
        view.ended.insert(view.ended.end(), told.zone.ended.begin(), told.zone.ended.end());
        if (zones_[i].queue) {
            told.queue = zones_[i].queue->update(view, time);
        }
        told.zone = std::move(view);
    }
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
    report.zones.resize(zones_.size());
    for (std::size_t i = 0; i < zones_.size(); ++i) {
        report.zones[i].zone.ended = zones_[i].zone.finish();
    }
    people_ = People(picture_);
    tracker_.reset();
}

std::uint64_t Scene::ambiguous(std::size_t line) const {
    return line < counters_.size() ? counters_[line].ambiguous() : 0;
}

}  // namespace cxedge::camera
