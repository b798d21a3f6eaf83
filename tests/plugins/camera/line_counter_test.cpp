// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/line_counter.hpp"

#include "tests/plugins/camera/walk.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

TEST_CASE("camera: counts right to left over a downward line as in", "[camera]") {
    Walk walk;
    walk.go(240, 80);
    walk.settle();
    CHECK(walk.in == 1);
    CHECK(walk.out == 0);
}

TEST_CASE("camera: counts left to right over a downward line as out", "[camera]") {
    Walk walk;
    walk.go(80, 240);
    walk.settle();
    CHECK(walk.in == 0);
    CHECK(walk.out == 1);
}

TEST_CASE("camera: a person who turns round behind the line is not counted", "[camera]") {
    Walk walk;
    walk.go(240, 145);
    walk.go(145, 240);
    walk.settle();
    CHECK(walk.in == 0);
    CHECK(walk.out == 0);
}

TEST_CASE("camera: a person who comes back later is counted both ways", "[camera]") {
    Walk walk;
    walk.go(240, 80);
    walk.stand(80, 40);
    walk.go(80, 240);
    walk.settle();
    CHECK(walk.in == 1);
    CHECK(walk.out == 1);
}

TEST_CASE("camera: a person who stops on the line and sways is counted once", "[camera]") {
    Walk walk;
    walk.go(240, 160);
    for (int i = 0; i < 100; ++i) {
        walk.stand(i % 2 == 0 ? 158 : 162, 1);
    }
    walk.go(160, 80);
    walk.settle();
    CHECK(walk.in == 1);
    CHECK(walk.out == 0);
}

TEST_CASE("camera: a person who passes beyond the end of the line is not counted", "[camera]") {
    Walk walk;
    walk.go(240, 80, 5, 230);
    walk.settle();
    CHECK(walk.in == 0);
    CHECK(walk.out == 0);
}

TEST_CASE("camera: two people who cross in opposite directions count one each", "[camera]") {
    Walk walk;
    for (double gone = 0; gone <= 160; gone += 5) {
        walk.step({person_at(240 - gone, 100), person_at(80 + gone, 130)});
    }
    walk.settle();
    CHECK(walk.in == 1);
    CHECK(walk.out == 1);
}

TEST_CASE("camera: who appears on the line is ambiguous and not counted", "[camera]") {
    Walk walk;
    walk.stand(160, 5);
    walk.go(160, 80);
    walk.settle();
    CHECK(walk.in == 0);
    CHECK(walk.out == 0);
    CHECK(walk.counter.ambiguous() == 1);
}

TEST_CASE("camera: an undecided crossing counts when the picture ends", "[camera]") {
    Walk walk;
    walk.go(240, 140);
    CHECK(walk.in == 0);
    const auto left = walk.counter.finish();
    REQUIRE(left.size() == 1);
    CHECK(left[0].direction == camera::Direction::in);
    CHECK(walk.counter.finish().empty());
}

TEST_CASE("camera: a person lost for a second while crossing is counted", "[camera]") {
    Walk walk;
    walk.go(240, 180, 4);
    for (int i = 0; i < 9; ++i) {
        walk.step({});  // behind a pillar: 36 pixels
    }
    walk.go(140, 80, 4);
    walk.settle();
    CHECK(walk.in == 1);
    CHECK(walk.out == 0);
}

}  // namespace cxedge::test
