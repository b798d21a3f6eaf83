// SPDX-License-Identifier: Apache-2.0
// Zones and queues on people whose every step is known.
#include "plugins/camera/zone.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "plugins/camera/scene.hpp"

#include "tests/plugins/camera/synthetic_world.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

namespace {

using camera::Polygon;
using camera::SceneReport;
using camera::VisitEnd;
using camera::ZoneLayout;
using camera::ZoneView;

// The middle of the picture. Sides: 0 top, 1 right, 2 bottom, 3 left.
const Polygon kMiddle{{0.35, 0.4}, {0.65, 0.4}, {0.65, 0.9}, {0.35, 0.9}};

ZoneLayout zone_of(Polygon polygon) {
    ZoneLayout zone;
    zone.polygon = std::move(polygon);
    return zone;
}

// Whoever is served leaves to the right.
ZoneLayout queue_in_the_middle() {
    ZoneLayout zone = zone_of(kMiddle);
    zone.service_side = 1;
    return zone;
}

// What a scene of one zone has told by the end.
struct Told {
    std::vector<ZoneView::Ended> ended;
    int stays = 0;
    std::map<int, int> present;  // by second
    int served = 0;
    int abandoned = 0;
    int arrived = 0;
    std::vector<double> waits_s;
    std::map<int, int> length;  // by second
    std::map<int, std::optional<double>> forecast_s;

    void add(const SceneReport& report) {
        const int second = static_cast<int>(report.time->count() / 1'000'000);
        const camera::ZoneReport& zone = report.zones.at(0);
        ended.insert(ended.end(), zone.zone.ended.begin(), zone.zone.ended.end());
        stays += zone.zone.stays;
        present[second] = zone.zone.present;
        if (zone.queue) {
            add(*zone.queue, second);
        }
    }
    void add(const camera::QueueView& queue, int second) {
        served += queue.served;
        abandoned += queue.abandoned;
        arrived += queue.arrived;
        length[second] = queue.length;
        forecast_s[second] = queue.forecast_s;
        for (const camera::FrameTime wait : queue.waits) {
            waits_s.push_back(std::chrono::duration<double>(wait).count());
        }
    }
    [[nodiscard]] double dwell_s(std::size_t visit) const {
        return std::chrono::duration<double>(ended.at(visit).visit.stood_for()).count();
    }
};

constexpr DetectionNoise kTypicalNoise{0.06, 0.08, 0.05};

// Plays the world to its end and 20 s of emptiness.
Told watch(SyntheticWorld& world, const ZoneLayout& zone, const DetectionNoise& noise) {
    camera::Scene scene(std::make_unique<KnowingDetector>(world, noise), {{}, {zone}});
    Told told;
    const double end = world.end_s() + 20;
    for (int i = 0; i / SyntheticWorld::kFps < end; ++i) {
        camera::Frame frame;
        frame.width = SyntheticWorld::kWidth;
        frame.height = SyntheticWorld::kHeight;
        frame.time = std::chrono::milliseconds(100) * i;
        told.add(scene.process(frame));
    }
    const SceneReport last = scene.finish();
    CHECK(last.zones.at(0).zone.ended.empty());
    return told;
}

Told watch(SyntheticWorld& world, const ZoneLayout& zone) {
    return watch(world, zone, kTypicalNoise);
}

// Walks in from the left, stands, walks out to the right.
WalkPath visit(double from_s, double stand_s, double y = 0.7) {
    WalkPath path = straight(from_s, {0.05, y}, {0.5, y});
    then_stand(path, stand_s);
    return then_walk(path, {0.95, y});
}

}  // namespace

TEST_CASE("camera: a visit lasts as long as somebody stands", "[camera][zone]") {
    for (const std::uint32_t seed : {1U, 2U, 3U, 4U, 5U}) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        world.add(visit(1, 12));
        world.add(visit(25, 4));
        const Told told = watch(world, zone_of(kMiddle));
        REQUIRE(told.ended.size() == 2);
        CHECK(told.stays == 2);
        CHECK(told.dwell_s(0) == Approx(12).margin(1));
        CHECK(told.dwell_s(1) == Approx(4).margin(1));
        CHECK(told.ended[0].visit.end == VisitEnd::left);
        CHECK(told.ended[0].visit.came_through == 3U);
        CHECK(told.ended[0].visit.left_through == 1U);
    }
}

TEST_CASE("camera: who only walks through has not stayed", "[camera][zone]") {
    SyntheticWorld world(1);
    world.add(straight(1, {0.05, 0.6}, {0.95, 0.6}));
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.stays == 0);
    REQUIRE(told.ended.size() == 1);
    CHECK_FALSE(told.ended[0].stayed);
    CHECK(told.present.at(4) == 1);
}

TEST_CASE("camera: what never moves is no person", "[camera][zone]") {
    SyntheticWorld world(1);
    world.add_dummy({0.45, 0.6});
    world.add(visit(45, 10, 0.8));
    world.hide_all(70, 90);
    world.add(visit(95, 10, 0.8));
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.present.at(10) == 1);  // may be somebody who was here first
    CHECK(told.present.at(35) == 0);
    CHECK(told.present.at(52) == 1);
    CHECK(told.present.at(92) == 0);  // found again, and known
    CHECK(told.present.at(102) == 1);
    CHECK(told.stays == 2);
    CHECK(told.ended.size() == 2);
}

TEST_CASE("camera: who walked in and then stands for long is a person", "[camera][zone]") {
    SyntheticWorld world(1);
    world.add(visit(1, 600));
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.present.at(100) == 1);
    CHECK(told.present.at(590) == 1);
    REQUIRE(told.ended.size() == 1);
    CHECK(told.dwell_s(0) == Approx(600).margin(1));
}

TEST_CASE("camera: a visit survives a broken track", "[camera][zone]") {
    SyntheticWorld world(1);
    world.add(visit(1, 20));
    world.hide_all(10, 16);
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.stays == 1);
    REQUIRE(told.ended.size() == 1);
    CHECK(told.dwell_s(0) == Approx(20).margin(1));
    CHECK(told.present.at(12) == 0);  // nobody is seen: nobody is reported
    CHECK(told.present.at(18) == 1);
}

TEST_CASE("camera: a second person at another spot is a visit of its own", "[camera][zone]") {
    SyntheticWorld world(1);
    WalkPath lost = straight(1, {0.05, 0.6}, {0.45, 0.6});
    then_stand(lost, 6);
    world.add(lost);  // vanishes while standing
    world.add(visit(8, 5, 0.85));
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.stays == 2);
    REQUIRE(told.ended.size() == 2);
    const bool one_lost = std::count_if(told.ended.begin(), told.ended.end(), [](const auto& each) {
                              return each.visit.end == VisitEnd::lost;
                          }) == 1;
    CHECK(one_lost);
}

TEST_CASE("camera: occupancy is how many are there", "[camera][zone]") {
    SyntheticWorld world(7);
    for (int i = 0; i < 4; ++i) {
        world.add(visit(1 + 8.0 * i, 40, 0.5 + 0.1 * i));
    }
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.present.at(0) == 0);
    CHECK(told.present.at(7) == 1);
    CHECK(told.present.at(15) == 2);
    CHECK(told.present.at(23) == 3);
    CHECK(told.present.at(32) == 4);
    CHECK(told.present.at(static_cast<int>(world.end_s()) + 5) == 0);
}

TEST_CASE("camera: standing on the edge of a zone is one visit or none", "[camera][zone]") {
    SyntheticWorld world(3);
    WalkPath path = straight(1, {0.05, 0.7}, {0.35, 0.7});
    then_stand(path, 30);
    world.add(then_walk(path, {0.05, 0.7}));
    const Told told = watch(world, zone_of(kMiddle));
    CHECK(told.stays <= 1);
    CHECK(told.ended.size() <= 1);
}

TEST_CASE(
    "camera: a zone that ends with the picture holds who is cut off by it", "[camera][zone]"
) {
    SyntheticWorld world(3);
    WalkPath path = straight(1, {0.05, 0.8}, {0.5, 1.02});
    then_stand(path, 10);
    world.add(then_walk(path, {0.95, 0.8}));
    const Told told = watch(world, zone_of({{0.35, 0.5}, {0.65, 0.5}, {0.65, 1}, {0.35, 1}}));
    REQUIRE(told.ended.size() == 1);
    CHECK(told.dwell_s(0) == Approx(10).margin(1));
}

TEST_CASE("camera: visits that the end of the stream cuts off say so", "[camera][zone]") {
    SyntheticWorld world(1);
    world.add(visit(1, 100));
    camera::Scene scene(
        std::make_unique<KnowingDetector>(world, DetectionNoise{}), {{}, {zone_of(kMiddle)}}
    );
    for (int i = 0; i < 200; ++i) {
        camera::Frame frame;
        frame.width = SyntheticWorld::kWidth;
        frame.height = SyntheticWorld::kHeight;
        frame.time = std::chrono::milliseconds(100) * i;
        scene.process(frame);
    }
    const SceneReport last = scene.finish();
    REQUIRE(last.zones.at(0).zone.ended.size() == 1);
    CHECK(last.zones[0].zone.ended[0].visit.end == VisitEnd::cut_off);
    CHECK(last.zones[0].zone.ended[0].stayed);
}

TEST_CASE("camera: a queue tells served, abandoned, waits and length", "[camera][queue]") {
    for (const std::uint32_t seed : {1U, 2U, 3U, 4U, 5U}) {
        CAPTURE(seed);
        SyntheticWorld world(seed);
        world.add(visit(1, 10, 0.55));
        world.add(visit(6, 15, 0.7));
        WalkPath gives_up = straight(9, {0.05, 0.85}, {0.5, 0.85});
        then_stand(gives_up, 8);
        world.add(then_walk(gives_up, {0.05, 0.85}));
        world.add(straight(40, {0.5, 0.3}, {0.5, 1.2}));  // crosses the queue: nobody's customer
        const Told told = watch(world, queue_in_the_middle());
        CHECK(told.served == 2);
        CHECK(told.abandoned == 1);
        CHECK(told.arrived == 3);
        REQUIRE(told.waits_s.size() == 2);
        // From 0.35 to 0.65 at 0.15 a second are 2 s of walking in the zone.
        CHECK(told.waits_s[0] == Approx(12).margin(1));
        CHECK(told.waits_s[1] == Approx(17).margin(1));
        CHECK(told.length.at(16) == 2);
        CHECK(told.length.at(36) == 0);
    }
}

TEST_CASE("camera: who comes from the till is no customer of the queue", "[camera][queue]") {
    SyntheticWorld world(1);
    WalkPath path = straight(1, {0.95, 0.7}, {0.5, 0.7});
    then_stand(path, 6);
    world.add(then_walk(path, {0.05, 0.7}));
    const Told told = watch(world, queue_in_the_middle());
    CHECK(told.served == 0);
    CHECK(told.abandoned == 0);
    CHECK(told.waits_s.empty());
}

TEST_CASE("camera: the forecast follows Little's law", "[camera][queue]") {
    // One customer every 10 s, each waits 30 s: three in the queue, so a fourth waits 30 s.
    SyntheticWorld world(1);
    for (int i = 0; i < 12; ++i) {
        world.add(visit(1 + 10.0 * i, 28, 0.5 + 0.12 * (i % 4)));
    }
    const Told told = watch(world, queue_in_the_middle());
    CHECK(told.served == 12);
    CHECK_FALSE(told.forecast_s.at(15).has_value());  // nobody was served yet
    REQUIRE(told.forecast_s.at(110).has_value());
    CHECK(*told.forecast_s.at(110) == Approx(30).margin(5));
    CHECK(told.forecast_s.rbegin()->second == 0.0);
}

}  // namespace cxedge::test
