// SPDX-License-Identifier: Apache-2.0
// Behaviours that no clip covers, with exact truth: the whole way from detections, and from
// pictures, to counts.
#include <cmath>
#include <memory>

#include "plugins/camera/motion_detector.hpp"
#include "plugins/camera/scene.hpp"

#include "tests/plugins/camera/synthetic_world.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

namespace {

using camera::Direction;
using camera::Point;
using camera::SceneReport;

struct Counts {
    int in = 0;
    int out = 0;

    void add(const SceneReport& report) {
        for (const auto& each : report.crossings) {
            in += each.crossing.direction == Direction::in ? 1 : 0;
            out += each.crossing.direction == Direction::out ? 1 : 0;
        }
    }
    [[nodiscard]] int away_from(int true_in, int true_out) const {
        return std::abs(in - true_in) + std::abs(out - true_out);
    }
};

// A door in the middle of the picture: from right to left is in.
camera::SceneLayout door() {
    camera::SceneLayout layout;
    layout.lines = {{0.5, 0.05, 0.5, 1}};
    return layout;
}

// Somebody who walks off stays followed for a moment.
constexpr double kAfterS = 6;

Counts count_boxes(SyntheticWorld& world) {
    const DetectionNoise noise{0.06, 0.08, 0.05};
    camera::Scene scene(std::make_unique<KnowingDetector>(world, noise), door());
    Counts counts;
    for (int i = 0; i / SyntheticWorld::kFps < world.end_s() + kAfterS; ++i) {
        camera::Frame frame;
        frame.width = SyntheticWorld::kWidth;
        frame.height = SyntheticWorld::kHeight;
        frame.time = std::chrono::milliseconds(100) * i;
        counts.add(scene.process(frame));
    }
    counts.add(scene.finish());
    return counts;
}

Counts count_pictures(SyntheticWorld& world) {
    camera::Scene scene(std::make_unique<camera::MotionDetector>(), door());
    Counts counts;
    for (int i = 0; i / SyntheticWorld::kFps < world.end_s() + kAfterS; ++i) {
        counts.add(scene.process(world.picture(i / SyntheticWorld::kFps)));
    }
    counts.add(scene.finish());
    return counts;
}

// Across the door and off the other side.
WalkPath leftwards(double from_s, double y) {
    return straight(from_s, {1.05, y}, {-0.05, y});
}
WalkPath rightwards(double from_s, double y) {
    return straight(from_s, {-0.05, y}, {1.05, y});
}

// From the right to just beyond the line and back, within half a second beyond it.
WalkPath u_turn(double from_s, double y) {
    WalkPath path = straight(from_s, {1.05, y}, {0.455, y});
    return then_walk(path, {1.05, y});
}

// Three times forth and back on the line before going on.
WalkPath stop_and_go(double from_s, double y) {
    WalkPath path = straight(from_s, {1.05, y}, {0.5, y});
    for (int i = 0; i < 3; ++i) {
        then_stand(path, 2);
        then_walk(path, {i % 2 == 0 ? 0.49 : 0.51, y}, 0.05);
    }
    return then_walk(path, {-0.05, y});
}

constexpr std::uint32_t kSeeds[] = {1, 2, 3, 4, 5};

}  // namespace

TEST_CASE("camera truth: people one after another, both ways", "[camera][truth]") {
    for (const std::uint32_t seed : kSeeds) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        for (int i = 0; i < 6; ++i) {
            world.add(i % 3 == 0 ? leftwards(4 + 5.0 * i, 0.5) : rightwards(4 + 5.0 * i, 0.8));
        }
        const Counts boxes = count_boxes(world);
        CHECK(boxes.in == 2);
        CHECK(boxes.out == 4);
        CHECK(count_pictures(world).away_from(2, 4) <= 1);
    }
}

TEST_CASE("camera truth: a U-turn is no crossing", "[camera][truth]") {
    for (const std::uint32_t seed : kSeeds) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        world.add(u_turn(4, 0.6));
        world.add(u_turn(20, 0.85));
        CHECK(count_boxes(world).away_from(0, 0) == 0);
        CHECK(count_pictures(world).away_from(0, 0) == 0);
    }
}

TEST_CASE("camera truth: stop and go on the line is one crossing", "[camera][truth]") {
    for (const std::uint32_t seed : kSeeds) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        world.add(stop_and_go(4, 0.6));
        CHECK(count_boxes(world).away_from(1, 0) == 0);
        CHECK(count_pictures(world).away_from(1, 0) <= 1);
    }
}

TEST_CASE("camera truth: a group counts its people", "[camera][truth]") {
    for (const std::uint32_t seed : kSeeds) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        // Pictures need somebody alone first, to see how big people are here.
        for (int i = 0; i < 3; ++i) {
            world.add(rightwards(4 + 6.0 * i, 0.45 + 0.2 * i));
        }
        for (int i = 0; i < 4; ++i) {
            world.add(leftwards(28 + 0.5 * (i % 2), 0.45 + 0.15 * i));
        }
        CHECK(count_boxes(world).away_from(4, 3) == 0);
        CHECK(count_pictures(world).away_from(4, 3) <= 1);
    }
}

TEST_CASE("camera truth: lights that are switched make few errors", "[camera][truth]") {
    for (const std::uint32_t seed : kSeeds) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        for (int i = 0; i < 4; ++i) {
            world.add(leftwards(5 + 10.0 * i, 0.6));
        }
        world.set_light([](double at_s) { return at_s > 13.5 && at_s < 33.5 ? 0.6 : 1.0; });
        CHECK(count_pictures(world).away_from(4, 0) <= 1);
    }
}

TEST_CASE("camera truth: an empty floor counts nobody", "[camera][truth]") {
    SyntheticWorld world(9);
    world.add(straight(60, {0.9, 0.9}, {1.1, 0.9}));  // after a minute of nothing
    world.set_light([](double at_s) { return at_s > 20 && at_s < 40 ? 0.7 : 1.0; });
    CHECK(count_boxes(world).away_from(0, 0) == 0);
    CHECK(count_pictures(world).away_from(0, 0) == 0);
}

}  // namespace cxedge::test
