// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/foreground_hints.hpp"
#include "plugins/camera/line_counter.hpp"
#include "plugins/camera/motion_gate.hpp"
#include "plugins/camera/polyline.hpp"
#include "plugins/camera/watch_region.hpp"

#include "tests/plugins/camera/walk.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

using camera::Point;
using std::chrono::milliseconds;

TEST_CASE(
    "camera: the gate is open while something moves or is followed, and once a second", "[camera]"
) {
    camera::MotionGate gate;
    camera::ForegroundMask still;
    camera::ForegroundMask moving;
    moving.share = 0.01;
    CHECK(gate.open(still, false, milliseconds(0)));
    CHECK_FALSE(gate.open(still, false, milliseconds(100)));
    CHECK(gate.open(still, true, milliseconds(200)));
    CHECK(gate.open(moving, false, milliseconds(300)));
    CHECK_FALSE(gate.open(still, false, milliseconds(1200)));
    CHECK(gate.open(still, false, milliseconds(1300)));
}

TEST_CASE("camera: a region is cut out only where people become larger by it", "[camera]") {
    const camera::PixelSize input{416, 256};
    const camera::WatchRegion wide({{0.1, 0.2}, {0.9, 0.8}});
    CHECK(wide.in({640, 480}, input).width == 640);
    CHECK(wide.in({640, 480}, input).height == 480);
    const camera::WatchRegion door({{0.45, 0.5}, {0.55, 0.5}});
    const camera::Box part = door.in({640, 480}, input);
    CHECK(part.width < 640 / 1.2);
    CHECK(part.x <= 0.2 * 640);
    CHECK(part.right() >= 0.8 * 640);
    CHECK(part.y >= 0);
    CHECK(part.bottom() <= 480);
    CHECK(part.width / part.height == Approx(416.0 / 256).epsilon(0.01));
    CHECK(door.picture_width(input) > 416);
    CHECK(camera::WatchRegion({}).in({320, 240}, input).area() == 320 * 240);
}

TEST_CASE("camera: a bent line has two sides and two ends", "[camera]") {
    // A door in a corner: down, then to the right.
    const camera::Polyline line({{100, 0}, {100, 100}, {200, 100}});
    CHECK(line.signed_distance({50, 50}) > 0);
    CHECK(line.signed_distance({150, 50}) < 0);
    CHECK(line.signed_distance({150, 150}) > 0);
    CHECK(line.signed_distance({90, 110}) > 0);  // outside of the bend: nearest is the corner
    CHECK(line.crossed({150, 50}, {50, 50}));
    CHECK(line.crossed({150, 50}, {150, 150}));
    CHECK_FALSE(line.crossed({150, 50}, {180, 20}));
    CHECK_FALSE(line.crossed({250, 50}, {250, 150}));  // past the end
}

TEST_CASE("camera: who walks past the door on the outside is past, once", "[camera]") {
    Walk walk;
    // The line is x = 160, y = 50 to 200; "in" leads to smaller x: outside is to the right.
    const auto walk_along = [&](double x) {
        for (double y = 30; y <= 220; y += 5) {
            walk.step({person_at(x, y)});
        }
        walk.settle();
    };
    walk_along(200);
    CHECK(walk.past == 1);
    walk_along(120);  // inside
    CHECK(walk.past == 1);
    CHECK(walk.in + walk.out == 0);
}

TEST_CASE("camera: who stands across the line when the picture begins is ambiguous", "[camera]") {
    Walk walk;
    walk.go(165, 80);  // 20 wide: one half on each side
    walk.settle();
    CHECK(walk.in == 0);
    CHECK(walk.counter.ambiguous() == 1);
}

TEST_CASE("camera: weak detections keep a track alive but begin none", "[camera]") {
    camera::Tracker tracker;
    const auto step = [&](int index, double score) {
        camera::Detection person = person_at(100 + 2 * index, 100);
        person.score = score;
        tracker.update({person}, milliseconds(100) * index);
    };
    for (int i = 1; i < 10; ++i) {
        step(i, 0.3);
    }
    CHECK(tracker.tracks().empty());
    for (int i = 10; i < 15; ++i) {
        step(i, 0.8);
    }
    REQUIRE(tracker.tracks().size() == 1);
    for (int i = 15; i < 50; ++i) {
        step(i, 0.2);
    }
    REQUIRE(tracker.tracks().size() == 1);
    CHECK(tracker.tracks()[0].id == 1);
    CHECK(tracker.tracks()[0].seen == milliseconds(4900));
}

TEST_CASE("camera: what moves raises a score, a still thing does not", "[camera]") {
    camera::ForegroundMask mask;
    mask.reduction = 2;
    mask.width = 160;
    mask.height = 120;
    mask.labels.assign(std::size_t{160} * 120, 0);
    for (int y = 20; y < 60; ++y) {
        for (int x = 10; x < 30; ++x) {
            mask.labels[static_cast<std::size_t>(y * 160 + x)] = 1;
        }
    }
    mask.share = 0.04;
    camera::ForegroundHints hints;
    std::vector<camera::Detection> found{{{20, 40, 40, 80}, 0.4}, {{200, 40, 40, 80}, 0.4}};
    hints.apply(mask, found);
    REQUIRE(found.size() == 2);
    CHECK(found[0].score == Approx(0.55));
    CHECK(found[1].score == Approx(0.4));
}

}  // namespace cxedge::test
