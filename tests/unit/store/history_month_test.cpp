// SPDX-License-Identifier: Apache-2.0
// More than a month of a store, at its rate, within the quota of a box, exact at every level.
#include <array>
#include <cmath>
#include <map>

#include "tests/unit/store/history_bench.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;          // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using std::chrono::hours;

constexpr int kDays = 33;
constexpr std::size_t kMetrics = 20;
constexpr int kSamplesAnHour = 120;  // of each metric: one in 30 s
constexpr std::int64_t kHourMs = 3600000;

// What was given, in tenths, by metric and hour.
struct HourTruth {
    std::int64_t tenths = 0;
    std::uint64_t samples = 0;
    bool operator==(const HourTruth&) const = default;
};
using MetricTruth = std::map<std::int64_t, HourTruth>;

class StoreMonth {
public:
    StoreMonth() {
        at.options.quota_bytes = 8U << 20U;  // an eighth of a box's
        at.open();
        for (std::size_t metric = 0; metric < kMetrics; ++metric) {
            ids_.at(metric) = at.history->define(name(metric));
        }
    }
    static std::string name(std::size_t metric) { return "metric " + std::to_string(metric); }

    void pass_hour() {
        for (int i = 0; i < kSamplesAnHour; ++i) {
            at.clock.advance(30s);
            for (std::size_t metric = 0; metric < kMetrics; ++metric) {
                give(metric);
            }
        }
        at.history->add_event({false, at.clock.boot_now().count()}, "an event");
        ++events;
        at.commit();
        for (int i = 0; i < 130; ++i) {  // two minutes are enough for what grew old in the hour
            at.clock.advance(1s);
            at.history->work(kSynchronised);
        }
        most_used = std::max(most_used, at.history->status().used_bytes);
    }
    // Of all that is kept, as values of `step`.
    MetricTruth found(std::size_t metric, std::chrono::milliseconds step) {
        MetricTruth by_hour;
        for (const HistoryCell& cell : at.read(name(metric), step)) {
            HourTruth& of = by_hour[step_end(cell.at_ms, kHourMs)];
            const double tenths = cell.sum.value() * 10;
            CHECK(std::abs(tenths - std::round(tenths)) < 1e-6);
            of.tenths += std::llround(tenths);
            of.samples += cell.samples;
        }
        return by_hour;
    }

    HistoryBench at;
    std::array<MetricTruth, kMetrics> truth;
    std::uint64_t events = 0;
    std::uint64_t most_used = 0;

private:
    void give(std::size_t metric) {
        const std::int64_t tenths = std::int64_t{random_() % 4001} - 2000;
        at.give(ids_.at(metric), static_cast<double>(tenths) / 10);
        HourTruth& of = truth.at(metric)[step_end(at.now_ms(), kHourMs)];
        of.tenths += tenths;
        ++of.samples;
    }

    std::array<std::uint32_t, kMetrics> ids_{};
    Die random_{7};
};

TEST_CASE("history: more than 30 days of a store fit its quota, exactly", "[store]") {
    StoreMonth month;
    const std::int64_t begin = month.at.now_ms();
    for (int hour = 0; hour < kDays * 24; ++hour) {
        month.pass_hour();
        REQUIRE(month.at.history->status().problem.empty());
    }
    CHECK(month.most_used <= month.at.options.quota_bytes);
    CHECK(month.at.history->status().dropped == 0);
    CHECK(month.at.now_ms() - begin > 30 * 24 * kHourMs);
    CHECK(month.at.history->status().oldest_ms < begin + kHourMs);
    for (const std::chrono::milliseconds step : {0ms, 900000ms, 3600000ms}) {
        INFO("step " << step.count());
        for (const std::size_t metric : {std::size_t{0}, kMetrics - 1}) {
            CHECK(month.found(metric, step) == month.truth.at(metric));
        }
    }
    const auto kept = month.at.read(StoreMonth::name(3));
    CHECK(kept.front().step_ms == kHourMs);
    CHECK(kept.back().step_ms == 0);
    const auto told = month.at.history->events(begin, month.at.now_ms());
    REQUIRE(told.ok());
    CHECK(told->size() == month.events);
}

}  // namespace
}  // namespace cxedge::store
