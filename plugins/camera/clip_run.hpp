// SPDX-License-Identifier: Apache-2.0
// One clip, or some seconds of a camera, through decoder, detector, tracker, lines and zones, as
// fast as it goes.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/engine.hpp"
#include "plugins/camera/scene.hpp"

namespace cxedge::camera {

struct ClipJob {
    std::string address;  // as make_frame_source()
    EngineChoice engine;
    SceneLayout layout;
    double fps = 10;
    int least_width = 0;  // of the pictures, if they are to be looked at
    std::vector<Polygon> masks = {};
    std::chrono::seconds length{0};  // to be looked at; 0: to the end
};

// Processor time, seconds.
struct StageCosts {
    double decode_s = 0;  // reading and scaling
    double gate_s = 0;    // does anything move
    double detect_s = 0;
    double track_s = 0;  // tracker, lines, zones
    [[nodiscard]] double total_s() const { return decode_s + gate_s + detect_s + track_s; }
    void add(const StageCosts& other) {
        decode_s += other.decode_s;
        gate_s += other.gate_s;
        detect_s += other.detect_s;
        track_s += other.track_s;
    }
};

struct ZonePresence {
    std::uint64_t frame = 0;
    int people = 0;
};

struct ClipRun {
    std::uint64_t frames = 0;  // processed
    double native_fps = 0;     // of the clip
    StageCosts costs;
    std::vector<std::vector<Crossing>> crossings;  // by line
    std::vector<std::uint64_t> ambiguous;          // by line
    struct ZoneRun {
        std::vector<Visit> stays;
        std::vector<ZonePresence> present;
    };
    std::vector<ZoneRun> zones;
};

// What is called after each picture, to draw or to watch. An error ends the run.
using ClipObserver = std::function<Status(const Frame&, const Scene&, const SceneReport&)>;

Result<ClipRun> run_clip(const ClipJob& job, const ClipObserver& observer = nullptr);

}  // namespace cxedge::camera
