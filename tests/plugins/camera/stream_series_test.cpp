// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/stream_series.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"

namespace cxedge::test {

using camera::FrameDone;
using camera::StreamSeries;
using camera::ViewProblem;
using namespace std::chrono_literals;

namespace {

struct Running {
    FakeHost host{"door"};
    StreamSeries series;

    Running() {
        REQUIRE(series
                    .start(
                        host,
                        [this](SeriesId id, double value) { REQUIRE(host.emit(id, value).ok()); }
                    )
                    .ok());
    }
    FrameDone picture(std::chrono::milliseconds after, ViewProblem view = ViewProblem::none) {
        host.manual_clock.advance(after);
        FrameDone done;
        done.cost_s = 0.02;
        done.facts.age = 120ms;
        done.facts.view = camera::ViewState{view, view == ViewProblem::none ? 0.0 : 1.0, {}};
        return done;
    }
    [[nodiscard]] std::vector<double> values(const std::string& metric) const {
        return host.values_of(metric + "{camera=door}");
    }
};

std::string attr(const Event& event, const std::string& key) {
    for (const Dimension& each : event.attrs) {
        if (each.key == key) {
            return each.value;
        }
    }
    return "";
}

}  // namespace

TEST_CASE("camera: an outage is one event with its interval", "[camera]") {
    Running it;
    CHECK(it.series.take(it.picture(1s)));
    CHECK_FALSE(it.series.take(it.picture(100ms)));
    const std::string last = iso8601(it.host.manual_clock.wall_now());
    it.host.manual_clock.advance(5s);
    it.series.take_down("rtsp: no answer");
    CHECK(it.series.missing());
    it.host.manual_clock.advance(58s);
    it.series.take_down("rtsp: refused");
    CHECK(it.series.take(it.picture(2s)));
    CHECK_FALSE(it.series.missing());

    REQUIRE(it.host.events.size() == 2);
    const Event& raised = it.host.events[0];
    const Event& cleared = it.host.events[1];
    CHECK(raised.name == "cam.down");
    CHECK(raised.state == EventState::raise);
    CHECK_THAT(raised.text, Catch::Contains("rtsp: no answer"));
    CHECK(cleared.state == EventState::clear);
    CHECK(cleared.id == raised.id);
    CHECK(attr(cleared, "from") == last);
    CHECK(attr(cleared, "to") == iso8601(it.host.manual_clock.wall_now()));
    CHECK_THAT(cleared.text, Catch::Contains("after 60 s"));
    CHECK(it.values("cam.up") == std::vector<double>{1, 0, 0, 1});
}

TEST_CASE("camera: a camera that never answered is down since the start", "[camera]") {
    Running it;
    CHECK_FALSE(it.series.up());
    CHECK_FALSE(it.series.missing());
    it.series.take_down("rtsp: refused");
    CHECK(it.series.missing());
    CHECK(it.host.events.size() == 1);
    // A film that has ended is neither up nor missing.
    Running film;
    film.series.take_end();
    CHECK_FALSE(film.series.up());
    CHECK_FALSE(film.series.missing());
    CHECK(film.host.events.empty());
}

TEST_CASE("camera: a report says rate and age of what was processed", "[camera]") {
    Running it;
    for (int i = 0; i < 80; ++i) {
        it.series.take(it.picture(125ms));
    }
    it.series.report();
    CHECK(it.values("cam.fps") == std::vector<double>{8});
    CHECK(it.values("cam.frame_age") == std::vector<double>{0.12});
    CHECK(it.values("cam.frame_cost").size() == 80);
    it.host.manual_clock.advance(10s);
    it.series.report();
    CHECK(it.values("cam.fps").back() == 0);
    CHECK(it.values("cam.frame_age").size() == 1);
}

TEST_CASE("camera: a view is one event from raise to clear", "[camera]") {
    Running it;
    for (const ViewProblem view :
         {ViewProblem::none,
          ViewProblem::blurred,
          ViewProblem::blurred,
          ViewProblem::covered,
          ViewProblem::none}) {
        it.series.take(it.picture(1s, view));
    }
    REQUIRE(it.host.events.size() == 3);
    CHECK(it.host.events[0].name == "cam.view_change");
    CHECK(it.host.events[0].state == EventState::raise);
    CHECK(attr(it.host.events[0], "problem") == "blurred");
    CHECK(it.host.events[1].state == EventState::update);
    CHECK(attr(it.host.events[1], "problem") == "covered");
    CHECK(it.host.events[2].state == EventState::clear);
    CHECK(attr(it.host.events[2], "problem") == "covered");
    CHECK(it.host.events[0].id == it.host.events[2].id);
    CHECK(it.values("cam.view_change") == std::vector<double>{1, 1, 0});
}

TEST_CASE("camera: shedding is said once, and when it is over", "[camera]") {
    Running it;
    for (const bool shedding : {false, true, true, false}) {
        FrameDone done = it.picture(100ms);
        done.facts.shedding = shedding;
        done.facts.fps = shedding ? 6.4 : 10;
        it.series.take(done);
    }
    CHECK(it.host.logged("cannot keep up: 6.4 pictures a second"));
    CHECK(it.host.logged("all 10.0 pictures a second are processed again"));
    CHECK(it.host.logs.size() == 2);
}

TEST_CASE("camera: a main stream is told by what its decoding costs", "[camera]") {
    const auto advice = [](double decode_s, double cost_s) {
        camera::DecodeAdvice told;
        std::string text;
        for (int i = 0; i <= 1000; ++i) {
            camera::StreamFacts facts;
            facts.time = std::chrono::milliseconds(100 * i);
            facts.decode_s = decode_s;
            facts.source_width = 1920;
            facts.source_height = 1080;
            text += told.update(facts, cost_s).value_or("");
        }
        return text;
    };
    // 25 pictures of 6 ms decoded for each 10 that are processed.
    const std::string text = advice(0.015, 0.018);
    CHECK_THAT(text, Catch::StartsWith("decoding 1920x1080 takes 83 %"));
    CHECK_THAT(text, Catch::Contains("(15 % of a core)"));
    CHECK_THAT(text, Catch::Contains("`source`"));
    CHECK(text.find("decoding", 10) == std::string::npos);
    CHECK(advice(0.015, 0.040).empty());   // the analysis costs more
    CHECK(advice(0.004, 0.0045).empty());  // a sub-stream: 4 % of a core
}

}  // namespace cxedge::test
