// SPDX-License-Identifier: Apache-2.0
// detect -> track -> lines and zones of one camera. Pure: frames in, what happened out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/line_counter.hpp"
#include "plugins/camera/people.hpp"
#include "plugins/camera/queue.hpp"
#include "plugins/camera/tracker.hpp"
#include "plugins/camera/zone.hpp"

namespace cxedge::camera {

// What the installer drew into the picture.
struct SceneLayout {
    std::vector<LinePoints> lines;
    std::vector<ZoneLayout> zones;
};

// All corners of lines and zones.
std::vector<Point> corners_of(const SceneLayout& layout);

struct LineCrossing {
    std::size_t line = 0;  // index into SceneLayout::lines
    Crossing crossing;
};

// What one zone has to say; a queue in its own words too.
struct ZoneReport {
    ZoneView zone;
    std::optional<QueueView> queue;
};

// What lines and zones have to say after one picture.
struct SceneReport {
    std::optional<FrameTime> time;  // of the picture; empty: the end, when nobody is seen
    std::vector<LineCrossing> crossings;
    std::vector<std::uint64_t> ambiguous;  // people, by line (LineCounter)
    std::vector<ZoneReport> zones;         // as SceneLayout::zones; empty before the first picture
    std::vector<Person> people;
};

// Thread: one.
class Scene {
public:
    Scene(std::unique_ptr<Detector> detector, SceneLayout layout);

    SceneReport process(const Frame& frame);

    // The end of the film or of the connection: settles what is pending and forgets people, but
    // not what the detector has learnt. Zones then hold only visits that ended.
    SceneReport finish();

    [[nodiscard]] const std::vector<Track>& tracks() const { return tracker_.tracks(); }
    [[nodiscard]] const Detector& detector() const { return *detector_; }
    [[nodiscard]] std::uint64_t ambiguous(std::size_t line) const;

private:
    std::unique_ptr<Detector> detector_;
    SceneLayout layout_;
    Tracker tracker_;
    std::vector<LineCounter> counters_;
    struct WatchedZone {
        Zone zone;
        std::optional<Queue> queue;
    };
    PictureSize picture_;
    People people_;
    std::vector<WatchedZone> zones_;

    void fit(const Frame& frame);
    void watch_zones(SceneReport& report, FrameTime time);
    void settle(SceneReport& report);
};

}  // namespace cxedge::camera
