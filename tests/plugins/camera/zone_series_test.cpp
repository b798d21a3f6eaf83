// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/zone_series.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"

namespace cxedge::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

camera::ZoneSettings shelf() {
    camera::ZoneSettings zone;
    zone.name = "shelf";
    return zone;
}

camera::ZoneSettings tills() {
    camera::ZoneSettings zone;
    zone.name = "at the tills";
    zone.queue = "tills";
    zone.service_side = 1;
    return zone;
}

camera::ZoneView::Ended stay(seconds length, camera::VisitEnd end) {
    camera::ZoneView::Ended ended;
    ended.stayed = true;
    ended.visit.stood_from = camera::FrameTime(0);
    ended.visit.stood_until = length;
    ended.visit.end = end;
    return ended;
}

struct ZoneFeed {
    explicit ZoneFeed(const std::vector<camera::ZoneSettings>& zones) {
        const Status started = series.start(host, zones, [this](SeriesId id, double value) {
            REQUIRE(host.emit(id, value).ok());
        });
        REQUIRE(started.ok());
    }
    void show(milliseconds at, const camera::ZoneReport& zone) {
        camera::SceneReport scene;
        scene.time = at;
        scene.zones = {zone};
        series.take(scene);
    }
    [[nodiscard]] std::vector<double> values(const std::string& text) const {
        return host.values_of(text);
    }

    FakeHost host{"cam"};
    camera::ZoneSeries series;
};

}  // namespace

TEST_CASE("camera: a zone sends its level once a second", "[camera][zone]") {
    ZoneFeed feed({shelf()});
    for (int i = 0; i <= 25; ++i) {
        camera::ZoneReport report;
        report.zone.present = i / 10;
        feed.show(milliseconds(100) * i, report);
    }
    CHECK(feed.values("store.occupancy{camera=cam,zone=shelf}") == std::vector<double>{0, 1, 2});
}

TEST_CASE("camera: stays are counted, dwell is told when it is known", "[camera][zone]") {
    ZoneFeed feed({shelf()});
    camera::ZoneReport report;
    report.zone.stays = 3;
    report.zone.ended = {
        stay(seconds(12), camera::VisitEnd::left),
        stay(seconds(5), camera::VisitEnd::lost),
        stay(seconds(60), camera::VisitEnd::cut_off)};
    report.zone.ended.push_back({});  // only walked through
    feed.show(milliseconds(0), report);
    feed.series.report_zeros();
    CHECK(feed.values("store.zone.visits{camera=cam,zone=shelf}") == std::vector<double>{3, 0});
    CHECK(feed.values("store.dwell{camera=cam,zone=shelf}") == std::vector<double>{12, 5});
    CHECK(feed.series.summary() == ", zone shelf: 3 visits");
}

TEST_CASE("camera: a queue sends queue series only", "[camera][queue]") {
    ZoneFeed feed({tills()});
    camera::ZoneReport report;
    report.zone.present = 4;
    camera::QueueView& queue = report.queue.emplace();
    queue.length = 3;
    queue.arrived = 2;
    queue.served = 1;
    queue.waits = {seconds(45)};
    feed.show(milliseconds(0), report);
    queue = {};
    queue.length = 2;
    queue.abandoned = 1;
    queue.forecast_s = 90;
    feed.show(milliseconds(1000), report);
    CHECK(feed.values("store.queue.length{camera=cam,queue=tills}") == std::vector<double>{3, 2});
    CHECK(feed.values("store.queue.arrived{camera=cam,queue=tills}") == std::vector<double>{2});
    CHECK(feed.values("store.queue.served{camera=cam,queue=tills}") == std::vector<double>{1});
    CHECK(feed.values("store.queue.abandoned{camera=cam,queue=tills}") == std::vector<double>{1});
    CHECK(feed.values("store.queue.wait{camera=cam,queue=tills}") == std::vector<double>{45});
    // Not known at first: nothing is sent, not 0.
    const auto forecast = feed.values("store.queue.wait_forecast{camera=cam,queue=tills}");
    CHECK(forecast == std::vector<double>{90});
    CHECK(feed.host.series.size() == 6);
    CHECK(feed.series.counts().size() == 3);
}

TEST_CASE("camera: the end of a stream sends no level", "[camera][zone]") {
    ZoneFeed feed({shelf()});
    camera::SceneReport last;
    last.zones.resize(1);
    feed.series.take(last);
    CHECK(feed.host.readings.empty());
}

}  // namespace cxedge::test
