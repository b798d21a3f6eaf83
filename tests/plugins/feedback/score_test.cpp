// SPDX-License-Identifier: Apache-2.0
// Scores of a touchpoint, and its presses by their times.
#include <deque>

#include "plugins/feedback/touchpoint.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"

namespace cxedge::test {

using namespace std::chrono_literals;

TEST_CASE("feedback: scores from thirty ratings on, without the doubtful", "[feedback]") {
    FakeHost host;
    devices::DeviceClock clock(host, devices::ClockPolicy::automatic, 2min, 24h);
    plugins::Touchpoint touchpoint(
        host, {"kiosk", plugins::find_scale("nps11"), {}}, {}, 24h, clock
    );
    REQUIRE(touchpoint.open().ok());
    const auto rate = [&](int value, std::chrono::milliseconds pause) {
        plugins::Rating rating;
        rating.value = value;
        REQUIRE(touchpoint.take(rating, {}).ok());
        host.manual_clock.advance(pause);
    };
    for (int i = 0; i < 29; ++i) {
        rate(i < 20 ? 9 : 3, 1min);  // 20 promoters, 9 detractors
    }
    touchpoint.tell_score();
    const std::string nps = "fb.nps{scale=nps11,touchpoint=kiosk}";
    CHECK(host.values_of(nps).empty());
    rate(7, 1min);
    touchpoint.tell_score();
    CHECK(host.values_of(nps).back() == Approx(100.0 * 11 / 30));
    for (int i = 0; i < 10; ++i) {
        rate(0, 400ms);  // somebody plays
    }
    touchpoint.tell_score();
    CHECK(host.values_of(nps).back() == Approx(100.0 * 11 / 30));
    host.manual_clock.advance(24h);
    touchpoint.tell_score();
    CHECK(host.values_of(nps).size() == 2);
}

TEST_CASE("feedback: presses out of order are judged by their times", "[feedback]") {
    plugins::PressWatch watch{{}};
    std::deque<plugins::PressWatch::Press> doubtful;
    const SteadyTime at(100s);
    CHECK_FALSE(watch.take(1, at, doubtful));
    CHECK_FALSE(watch.take(2, at - 1s, doubtful));  // told later, was before
    CHECK(doubtful.size() == 2);
    CHECK(watch.is_bounce(1, at + 299ms));
    CHECK_FALSE(watch.is_bounce(1, at + 300ms));
    CHECK_FALSE(watch.is_bounce(2, at));
}

}  // namespace cxedge::test
