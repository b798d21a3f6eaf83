// SPDX-License-Identifier: Apache-2.0
// Whatever the clocks do, what went in comes out: sums are exact, observations are all there.
#include <numeric>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/unit/pipeline/recording_output.hpp"

namespace cxedge::pipeline {
namespace {

using std::chrono::milliseconds;

class Weather {
public:
    explicit Weather(std::uint32_t seed) : random_(seed) {}

    int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

    // Time passes; now and then the wall clock jumps, or the process was asleep.
    void move(Bench& bench) {
        const int dice = below(20);
        if (dice == 0) {
            bench.step_wall(milliseconds(below(400'000) - 200'000));
        } else if (dice == 1) {
            bench.step_wall(std::chrono::hours(below(48) - 24));
        }
        const milliseconds time(dice == 2 ? below(600'000) : below(20'000));
        bench.now.wall += time;
        bench.now.boot += time;
        if (below(3) > 0) {
            bench.pipeline.tick(bench.now);
        }
    }

    // Now, a little ago, or a device's idea of it.
    SampleTime time(const Bench& bench) {
        switch (below(4)) {
            case 0:
                return at_boot(bench.now.boot - milliseconds(below(90'000)));
            case 1:
                return at_wall(bench.now.wall + milliseconds(below(400'000) - 300'000));
            default:
                return at_boot(bench.now.boot);
        }
    }

private:
    std::mt19937 random_;
};

double total(const std::vector<double>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

TEST_CASE("pipeline: increments add up whatever the clocks do", "[pipeline]") {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        Weather weather(seed);
        Bench bench;
        const SeriesId id = bench.declare("d", Kind::delta);
        double accepted = 0;
        for (int i = 0; i < 150; ++i) {
            const double amount = weather.below(1000);
            REQUIRE(bench.pipeline.accept(id, amount, weather.time(bench), bench.now));
            accepted += amount;
            weather.move(bench);
        }
        bench.pipeline.flush(bench.now);

        CAPTURE(seed);
        REQUIRE(total(bench.output.numbers("d")) == accepted);
    }
}

TEST_CASE(
    "pipeline: a counter's increments add up to its way whatever the clocks do", "[pipeline]"
) {
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
        Weather weather(seed);
        Bench bench;
        const SeriesId id = bench.declare("c", Kind::counter, 16);
        const int start = weather.below(65'536);
        int way = 0;
        REQUIRE(bench.give(id, start));
        for (int i = 0; i < 150; ++i) {
            weather.move(bench);
            way += weather.below(2000);
            REQUIRE(bench.give(id, (start + way) % 65'536));
        }
        bench.pipeline.flush(bench.now);

        CAPTURE(seed);
        REQUIRE(total(bench.output.numbers("c")) == way);
        REQUIRE(bench.pipeline.counters().resets == 0);
    }
}

TEST_CASE("pipeline: every observation is in one histogram whatever the clocks do", "[pipeline]") {
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
        Weather weather(seed);
        Bench bench;
        const SeriesId id = bench.declare("h", Kind::histogram);
        Histogram given;
        for (int i = 0; i < 100; ++i) {
            const double wait = weather.below(300);
            REQUIRE(bench.pipeline.accept(id, wait, weather.time(bench), bench.now));
            given.record(wait);
            weather.move(bench);
        }
        bench.pipeline.flush(bench.now);

        Histogram all;
        for (const Sample& sample : bench.output.samples) {
            all.merge(std::get<Histogram>(sample.value));
        }
        CAPTURE(seed);
        REQUIRE(all == given);
    }
}

TEST_CASE("pipeline: windows of calm clocks end on the minute and in order", "[pipeline]") {
    Weather weather(9);
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    for (int i = 0; i < 500; ++i) {
        REQUIRE(bench.give(id, weather.below(100)));
        bench.pass(milliseconds(weather.below(30'000)));
    }

    SampleTime before{};
    for (const Sample& sample : bench.output.samples) {
        REQUIRE(bench.wall_ms(sample.time) % 60'000 == 0);
        REQUIRE(sample.time > before);
        before = sample.time;
    }
    CHECK(bench.output.samples.size() > 50);
}

}  // namespace
}  // namespace cxedge::pipeline
