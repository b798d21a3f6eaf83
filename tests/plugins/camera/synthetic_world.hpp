// SPDX-License-Identifier: Apache-2.0
// A made-up floor with people whose every step is known: the truth for what no clip shows. It can
// be looked at as pictures (sprites with shadows, for engines that see) and as boxes (with noise,
// misses and false ones, for tracker, lines and zones). The same seed gives the same world.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/frame_source.hpp"

namespace cxedge::test {

// Where a walker's feet are at a time; in between they go straight and evenly.
struct Waypoint {
    double at_s = 0;
    camera::Point foot;  // fractions of the picture
};
using WalkPath = std::vector<Waypoint>;

// From one place to another at `speed` (picture widths a second).
WalkPath straight(double from_s, camera::Point from, camera::Point to, double speed = 0.15);
// Goes on from the end of `path`: stands for some seconds, or walks to a place.
WalkPath& then_stand(WalkPath& path, double seconds);
WalkPath& then_walk(WalkPath& path, camera::Point to, double speed = 0.15);

struct DetectionNoise {
    double jitter = 0;      // of position and size, share of the person's width
    double miss = 0;        // share of persons not seen in a picture
    double false_rate = 0;  // boxes on nothing, in a picture
};

class SyntheticWorld {
public:
    explicit SyntheticWorld(std::uint32_t seed);

    static constexpr int kWidth = 320;
    static constexpr int kHeight = 240;
    static constexpr double kFps = 10;

    void add(WalkPath path) { walkers_.push_back(std::move(path)); }
    // Something that stands there for ever and looks like a person to the detector.
    void add_dummy(camera::Point foot) { dummies_.push_back(foot); }
    // Nothing is seen in this span, as behind a lorry.
    void hide_all(double from_s, double until_s) { hidden_ = {from_s, until_s}; }
    // Brightness by time, 1 = as learnt.
    void set_light(std::function<double(double)> light) { light_ = std::move(light); }

    // When the last walker is gone.
    [[nodiscard]] double end_s() const;

    // Exact boxes of who is there.
    [[nodiscard]] std::vector<camera::Box> people(double at_s) const;
    std::vector<camera::Detection> detections(double at_s, const DetectionNoise& noise);
    camera::Frame picture(double at_s);

private:
    struct Span {
        double from_s = 0;
        double until_s = 0;
    };

    std::mt19937 random_;
    std::vector<WalkPath> walkers_;
    std::vector<camera::Point> dummies_;
    Span hidden_;
    std::function<double(double)> light_;
    std::vector<std::uint8_t> floor_;

    double chance(double from, double to);
};

// A detector that knows.
class KnowingDetector final : public camera::Detector {
public:
    KnowingDetector(SyntheticWorld& world, const DetectionNoise& noise)
        : world_(world), noise_(noise) {}
    std::vector<camera::Detection> detect(const camera::Frame& frame, bool followed) override;

private:
    SyntheticWorld& world_;
    DetectionNoise noise_;
};

}  // namespace cxedge::test
