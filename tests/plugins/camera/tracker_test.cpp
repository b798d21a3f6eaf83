// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/tracker.hpp"

#include "plugins/camera/assignment.hpp"

#include "tests/plugins/camera/walk.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

using camera::FrameTime;

TEST_CASE("camera: a track is confirmed by its third detection", "[camera]") {
    Walk walk;
    walk.stand(100, 2);
    REQUIRE(walk.tracker.tracks().size() == 1);
    CHECK_FALSE(walk.tracker.tracks()[0].confirmed);
    walk.stand(100, 1);
    CHECK(walk.tracker.tracks()[0].confirmed);
}

TEST_CASE("camera: noise seen once does not live on", "[camera]") {
    Walk walk;
    walk.stand(100, 1);
    for (int i = 0; i < 4; ++i) {
        walk.step({});
    }
    CHECK(walk.tracker.tracks().empty());
}

TEST_CASE("camera: a confirmed track coasts for about a second, then goes", "[camera]") {
    Walk walk;
    walk.stand(100, 10);
    for (int i = 0; i < 11; ++i) {
        walk.step({});
    }
    CHECK(walk.tracker.tracks().size() == 1);
    for (int i = 0; i < 3; ++i) {
        walk.step({});
    }
    CHECK(walk.tracker.tracks().empty());
}

TEST_CASE("camera: ids stay with people who pass each other", "[camera]") {
    Walk walk;
    for (double gone = 0; gone <= 160; gone += 5) {
        walk.step({person_at(240 - gone, 100), person_at(80 + gone, 130)});
    }
    REQUIRE(walk.tracker.tracks().size() == 2);
    const auto& first = walk.tracker.tracks()[0];
    const auto& second = walk.tracker.tracks()[1];
    CHECK(first.id == 1);
    CHECK(first.box.centre().x == Approx(80).margin(5));
    CHECK(second.id == 2);
    CHECK(second.box.centre().x == Approx(240).margin(5));
}

TEST_CASE("camera: speed does not depend on the frame rate", "[camera]") {
    for (const int step_ms : {40, 100, 160}) {
        camera::Tracker tracker;
        for (int ms = 0; ms <= 4000; ms += step_ms) {
            tracker.update({person_at(50 + 0.03 * ms, 100)}, std::chrono::milliseconds(ms));
        }
        CAPTURE(step_ms);
        REQUIRE(tracker.tracks().size() == 1);
        CHECK(tracker.tracks()[0].velocity.x == Approx(30).margin(1));
        CHECK(tracker.tracks()[0].velocity.y == Approx(0).margin(1));
    }
}

TEST_CASE("camera: ids are not used again after a reset", "[camera]") {
    Walk walk;
    walk.stand(100, 3);
    walk.tracker.reset();
    CHECK(walk.tracker.tracks().empty());
    walk.stand(100, 1);
    CHECK(walk.tracker.tracks()[0].id == 2);
}

TEST_CASE("camera: assignment takes the cheapest whole, not the cheapest pair", "[camera]") {
    camera::CostMatrix costs(2, 2, 0);
    costs.at(0, 0) = 0.1;
    costs.at(0, 1) = 0.2;
    costs.at(1, 0) = 0.2;
    costs.at(1, 1) = 0.9;
    CHECK(camera::assign(costs, 1.0) == std::vector<int>{1, 0});
}

TEST_CASE("camera: assignment leaves rows free rather than use a forbidden pair", "[camera]") {
    camera::CostMatrix costs(3, 1, 1.0);
    costs.at(1, 0) = 0.5;
    const std::vector<int> expected{camera::kUnassigned, 0, camera::kUnassigned};
    CHECK(camera::assign(costs, 1.0) == expected);
    CHECK(
        camera::assign(camera::CostMatrix(2, 0, 0), 1.0) == std::vector<int>(2, camera::kUnassigned)
    );
    CHECK(camera::assign(camera::CostMatrix(0, 2, 0), 1.0).empty());
}

}  // namespace cxedge::test
