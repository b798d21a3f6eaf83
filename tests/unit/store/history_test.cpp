// SPDX-License-Identifier: Apache-2.0
// The history on a real file: exact at every level, within its quota.
#include "agent/store/history.hpp"

#include <array>
#include <cmath>
#include <map>

#include "tests/unit/store/history_bench.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;          // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using std::chrono::hours;
using std::chrono::milliseconds;

TEST_CASE("history: what was added is there at once, and after a commit", "[store]") {
    HistoryBench at;
    at.open();
    const auto series = at.history->define("a");
    CHECK(at.history->define("b") != series);
    CHECK(at.history->define("a") == series);
    at.give(series, 1.5);
    at.clock.advance(1s);
    at.history->add_lost(series, {false, at.clock.boot_now().count()});
    at.history->add(series, {true, 1000}, 7);  // as a device said, in 1970
    for (const bool committed : {false, true}) {
        INFO("committed " << committed);
        const auto cells = at.read("a");
        REQUIRE(cells.size() == 3);
        CHECK(cells[0].at_ms == 1000);
        CHECK(cells[0].last == 7);
        CHECK(cells[1].at_ms == at.now_ms() - 1000);
        CHECK(cells[1].last == 1.5);
        CHECK(cells[2].lost == 1);
        CHECK(cells[2].samples == 0);
        CHECK(at.read("b").empty());
        at.commit();
    }
    at.open();
    CHECK(at.read("a").size() == 3);
}

TEST_CASE("history: a range is open at its begin and closed at its end", "[store]") {
    HistoryBench at;
    at.open();
    const auto series = at.history->define("a");
    const std::int64_t begin = at.now_ms();
    for (int i = 0; i < 10; ++i) {
        at.give(series, i);
        at.clock.advance(1s);
    }
    at.commit();
    const auto cells = at.read({0, begin + 2000, begin + 5000}, "a");
    REQUIRE(cells.size() == 3);
    CHECK(cells.front().last == 3);
    CHECK(cells.back().last == 5);
}

struct Truth {
    std::uint64_t samples = 0;
    std::uint64_t lost = 0;
    std::int64_t thousandths = 0;
    double min = 1e9;
    double max = -1e9;
};
using TruthByHour = std::map<std::int64_t, Truth>;

TruthByHour by_hour(const std::vector<HistoryCell>& cells) {
    TruthByHour found;
    for (const HistoryCell& cell : cells) {
        Truth& truth = found[step_end(cell.at_ms, 3600000)];
        truth.samples += cell.samples;
        truth.lost += cell.lost;
        const double thousandths = cell.sum.value() * 1000;
        CHECK(std::abs(thousandths - std::round(thousandths)) < 1e-4);
        truth.thousandths += static_cast<std::int64_t>(std::llround(thousandths));
        if (cell.n > 0) {
            truth.min = std::min(truth.min, cell.min);
            truth.max = std::max(truth.max, cell.max);
        }
    }
    return found;
}

void check_same(const TruthByHour& found, const TruthByHour& truth) {
    REQUIRE(found.size() == truth.size());
    for (const auto& [hour, of] : truth) {
        REQUIRE(found.count(hour) == 1);
        const Truth& have = found.at(hour);
        CHECK(have.samples == of.samples);
        CHECK(have.lost == of.lost);
        CHECK(have.thousandths == of.thousandths);
        if (of.samples > 0) {
            CHECK(have.min == of.min);
            CHECK(have.max == of.max);
        }
    }
}

TEST_CASE("history: sums and counts are exact at every level", "[store]") {
    const auto seed = GENERATE(range(1U, 7U));
    INFO("seed " << seed);
    Die random(seed);
    HistoryBench at;
    at.options.raw_per_minute = random() % 2 == 0 ? 60 : 5;
    at.open();
    std::map<std::string, TruthByHour> truth;
    const std::array<std::string, 3> names{"fast", "slow", "odd"};
    for (int i = 0; i < 3000; ++i) {
        const std::string& name = names.at(random() % names.size());
        const auto series = at.history->define(name);
        Truth& of = truth[name][step_end(at.now_ms(), 3600000)];
        if (random() % 20 == 0) {
            at.history->add_lost(series, {false, at.clock.boot_now().count()});
            ++of.lost;
        } else {
            const std::int64_t thousandths = std::int64_t{random() % 2000001} - 1000000;
            const double value = static_cast<double>(thousandths) / 1000;
            at.give(series, value);
            ++of.samples;
            of.thousandths += thousandths;
            of.min = std::min(of.min, value);
            of.max = std::max(of.max, value);
        }
        at.clock.advance(milliseconds(random() % (name == "fast" ? 2000 : 60000)));
        if (random() % 200 == 0) {
            at.commit();
        }
        if (random() % 500 == 0) {
            at.history->seal(++at.through);
            at.open();
        }
    }
    at.commit();
    std::uint64_t used = at.history->status().used_bytes;
    for (const milliseconds passed :
         {milliseconds(0), milliseconds(50h), milliseconds(120h), milliseconds(600h)}) {
        INFO("after " << passed.count() / 3600000 << " h");
        at.age(passed);
        for (const std::string& name : names) {
            INFO(name);
            check_same(by_hour(at.read(name)), truth[name]);
            check_same(by_hour(at.read(name, 15min)), truth[name]);
        }
        if (passed.count() > 0) {
            CHECK(at.history->status().used_bytes <= used + 4096);
        }
        used = at.history->status().used_bytes;
    }
    for (const HistoryCell& cell : at.read("fast")) {
        CHECK(cell.step_ms == 3600000);
    }
}

TEST_CASE("history: histograms add up bucket by bucket", "[store]") {
    HistoryBench at;
    at.open();
    const auto series = at.history->define("wait");
    for (int i = 0; i < 90; ++i) {
        HistoryCell cell = cell_of(0, 2.5);
        cell.n = 10;
        cell.buckets = {{-3, 4}, {i % 5, 6}};
        at.history->add(series, {false, at.clock.boot_now().count()}, cell);
        at.clock.advance(1min);
    }
    at.commit();
    at.age(hours(24 * 31));
    std::uint64_t n = 0;
    std::map<std::int32_t, std::uint64_t> buckets;
    for (const HistoryCell& cell : at.read("wait")) {
        CHECK(cell.step_ms == 3600000);
        n += cell.n;
        for (const HistoryBucket& bucket : cell.buckets) {
            buckets[bucket.key] += bucket.n;
        }
    }
    CHECK(n == 900);
    CHECK(
        buckets ==
        std::map<std::int32_t, std::uint64_t>{
            {-3, 360}, {0, 108}, {1, 108}, {2, 108}, {3, 108}, {4, 108}}
    );
}

TEST_CASE("history: hours and events go after keep, not before", "[store]") {
    HistoryBench at;
    at.options.keep = hours(24 * 35);
    at.open();
    const auto series = at.history->define("a");
    at.give(series, 1);
    at.history->add_event({false, at.clock.boot_now().count()}, "happened");
    at.commit();
    at.age(hours(24 * 30));
    CHECK(samples_in(at.read("a")) == 1);
    CHECK(at.history->events(0, at.now_ms())->size() == 1);
    at.age(hours(24 * 6));
    CHECK(at.read("a").empty());
    CHECK(at.history->events(0, at.now_ms())->empty());
}

TEST_CASE("history: an unsynchronised clock lets nothing grow old", "[store]") {
    HistoryBench at;
    at.open();
    at.give(at.history->define("a"), 1);
    at.commit(kUnset);
    at.clock.advance(hours(24 * 400));
    for (int i = 0; i < 300; ++i) {
        at.clock.advance(1s);
        at.history->work(kUnset);
    }
    const auto cells = at.read("a");
    REQUIRE(cells.size() == 1);
    CHECK(cells.front().step_ms == 0);
}

TEST_CASE("history: times of a wrong clock move once it is set", "[store]") {
    HistoryBench at;
    at.open();
    const auto series = at.history->define("a");
    at.give(series, 1);
    at.history->add_event({false, at.clock.boot_now().count()}, "early");
    at.commit(kUnset);
    at.give(series, 2);
    at.history->seal(++at.through);
    at.clock.step_wall(hours(1000));
    at.history->work(kSynchronised);
    at.commit();
    for (const HistoryCell& cell : at.read("a")) {
        CHECK(cell.at_ms == at.now_ms());
    }
    const auto events = at.history->events(0, at.now_ms());
    REQUIRE(events->size() == 1);
    CHECK(events->front().at_ms == at.now_ms());
    at.open();
    CHECK(at.read("a").size() == 2);
}

TEST_CASE("history: the quota is held, the oldest is the coarsest", "[store]") {
    HistoryBench at;
    at.options.quota_bytes = 200U << 10U;
    at.open();
    Die random(3);
    std::uint64_t given = 0;
    const std::int64_t begin = at.now_ms();
    for (int commit = 0; commit < 400; ++commit) {
        for (int i = 0; i < 20; ++i) {
            for (std::uint32_t metric = 0; metric < 10; ++metric) {
                at.give(at.history->define("m" + std::to_string(metric)), (random() % 1000) / 10.0);
                given += metric == 3 ? 1 : 0;
            }
            at.clock.advance(30s);
        }
        at.commit();
        REQUIRE(at.history->status().used_bytes <= at.options.quota_bytes);
    }
    const auto cells = at.read("m3");
    CHECK(samples_in(cells) > given / 2);
    CHECK(cells.back().step_ms == 0);
    CHECK(cells.front().step_ms >= 900000);
    CHECK(cells.front().at_ms >= begin);
}

TEST_CASE("history: a quota too small for anything says so and loses only history", "[store]") {
    HistoryBench at;
    at.options.quota_bytes = 1000;
    at.open();
    at.give(at.history->define("a"), 1);
    at.history->seal(1);
    CHECK(at.history->commit(kSynchronised).error().code == ErrorCode::exhausted);
    CHECK(at.history->status().problem.find("history.quota_mib") != std::string::npos);
}

}  // namespace
}  // namespace cxedge::store
