// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/playout.hpp"

#include "plugins/probe_video/variant_choice.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::video::choose_track;
using plugins::video::Playout;
using plugins::video::RateEstimate;
using plugins::video::Track;
using plugins::video::VariantRule;

constexpr double kExact = 1e-9;

}  // namespace

TEST_CASE("playout: begins with enough media, and ends when it is watched", "[probe_video]") {
    Playout playout({2, 6});
    playout.add(1, 1.5);
    CHECK(playout.state() == Playout::State::buffering);
    playout.add(3, 1.5);
    CHECK(playout.state() == Playout::State::playing);
    CHECK(*playout.initial_buffer_s() == Approx(3));
    playout.add(4, 10);
    CHECK(playout.complete());
    CHECK(playout.added_s() == Approx(6));
    playout.advance(8.9);
    CHECK(playout.state() == Playout::State::playing);
    CHECK(playout.played_s() == Approx(5.9));
    playout.advance(20);
    CHECK(playout.state() == Playout::State::over);
    CHECK(playout.played_s() == Approx(6));
    CHECK(playout.stalls() == 0);
    CHECK(playout.stalled_s() == Approx(0));
}

TEST_CASE("playout: stands still when dry, until there is enough again", "[probe_video]") {
    Playout playout({2, 10});
    playout.add(0.5, 2);  // lasts until 2.5
    playout.add(4, 1);    // stands still since 1.5 s; not enough
    CHECK(playout.state() == Playout::State::stalled);
    CHECK(playout.stalled_s() == Approx(1.5));
    playout.add(5, 1);
    CHECK(playout.state() == Playout::State::playing);
    CHECK(playout.stalled_s() == Approx(2.5));
    playout.add(7, 3);  // in the very moment it is empty: no stall
    CHECK(playout.stalls() == 1);
    playout.add(12, 3);  // dry at 10
    CHECK(playout.stalls() == 2);
    CHECK(playout.stalled_s() == Approx(4.5));
    playout.advance(15);
    CHECK(playout.state() == Playout::State::over);
    CHECK(playout.played_s() == Approx(10));
}

TEST_CASE("playout: what is left is played when no more comes", "[probe_video]") {
    Playout playout({5, 30});
    playout.add(1, 2);
    CHECK(playout.state() == Playout::State::buffering);
    playout.no_more(2);
    CHECK(playout.state() == Playout::State::playing);
    CHECK(*playout.initial_buffer_s() == Approx(2));
    playout.advance(4.5);
    CHECK(playout.state() == Playout::State::over);
    CHECK(playout.played_s() == Approx(2));
    Playout empty({5, 30});
    empty.no_more(1);
    CHECK(empty.state() == Playout::State::over);
    CHECK_FALSE(empty.initial_buffer_s());
}

TEST_CASE("playout: time does not go back", "[probe_video]") {
    Playout playout({1, 10});
    playout.add(2, 3);
    playout.advance(1);
    playout.advance(3);
    CHECK(playout.played_s() == Approx(1).margin(kExact));
}

TEST_CASE("variants: the line decides, with a reserve", "[probe_video]") {
    const std::vector<Track> tracks{{400'000, "", ""}, {1'000'000, "", ""}, {4'000'000, "", ""}};
    CHECK(choose_track(tracks, VariantRule::lowest, 1e9) == 0);
    CHECK(choose_track(tracks, VariantRule::highest, 1) == 2);
    CHECK(choose_track(tracks, VariantRule::adaptive, std::nullopt) == 0);
    CHECK(choose_track(tracks, VariantRule::adaptive, 1'249'999) == 0);
    CHECK(choose_track(tracks, VariantRule::adaptive, 1'250'001) == 1);
    CHECK(choose_track(tracks, VariantRule::adaptive, 1e9) == 2);
    RateEstimate rate;
    CHECK_FALSE(rate.bits_per_s());
    rate.add(1'000'000, 0);  // no time: tells nothing
    CHECK_FALSE(rate.bits_per_s());
    for (const double seconds : {100.0, 1.0, 1.0, 2.0}) {
        rate.add(125'000, seconds);
    }
    CHECK(*rate.bits_per_s() == Approx(750'000));
}

}  // namespace cxedge::test
