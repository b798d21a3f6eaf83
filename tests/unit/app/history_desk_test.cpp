// SPDX-License-Identifier: Apache-2.0
#include "agent/app/history_desk.hpp"

#include <filesystem>
#include <set>

#include "agent/app/history_codec.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/event_codec.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Desk {
public:
    Desk() : history(options(), clock), desk(history) {}
    std::uint32_t define(const std::string& metric, const std::string& door, Kind kind) {
        SeriesInfo info{{metric, {{"door", door}}}, kind, "1", {}, 0};
        if (kind == Kind::state) {
            info.states = {"shut", "open"};
        }
        return history.define(wire::encode_definition(info));
    }
    void give(std::uint32_t series, double value) {
        history.add(series, stamp_of(at_boot(clock.boot_now())), value);
    }
    [[nodiscard]] HistoryQuery question(const std::string& series) const {
        HistoryQuery query;
        query.series = series;
        query.from = clock.wall_now() - hours(24 * 365);
        query.to = clock.wall_now();
        return query;
    }
    // All pages.
    std::vector<double> sums(HistoryQuery query, std::size_t* pages = nullptr) {
        std::vector<double> found;
        for (;;) {
            const auto page = desk.answer(query);
            REQUIRE(page.ok());
            CHECK(page->values.size() <= query.limit + 1);
            for (const HistoryValue& value : page->values) {
                CHECK(value.series < page->series.size());
                found.push_back(value.sum);
            }
            if (pages != nullptr) {
                ++*pages;
            }
            if (page->next.empty()) {
                return found;
            }
            query.after = page->next;
        }
    }

private:
    store::HistoryOptions options() {
        store::HistoryOptions made;
        made.directory = dir_.path().string();
        made.boot = 1;
        return made;
    }
    test::TempDir dir_;

public:
    test::ManualClock clock;
    store::History history;
    HistoryDesk desk;
};

TEST_CASE("history_desk: a metric means all its series, dimensions mean one", "[app]") {
    Desk at;
    at.give(at.define("store.in", "a", Kind::delta), 1);
    at.give(at.define("store.in", "b", Kind::delta), 2);
    at.give(at.define("till.sales", "b", Kind::delta), 4);
    CHECK(at.sums(at.question("store.in")) == std::vector<double>{1, 2});
    CHECK(at.sums(at.question("store.in{door=b}")) == std::vector<double>{2});
    CHECK(at.sums(at.question("*{door=b}")) == std::vector<double>{2, 4});
    CHECK(at.sums(at.question("*")) == std::vector<double>{1, 2, 4});
    CHECK(at.desk.answer(at.question("none")).error().code == ErrorCode::not_found);
}

TEST_CASE("history_desk: pages of any size hold everything once", "[app]") {
    Desk at;
    std::vector<double> given;
    std::vector<double> second;
    for (int i = 0; i < 700; ++i) {
        at.give(at.define("m", "a", Kind::gauge), i);
        given.push_back(i);
        if (i % 3 == 0) {
            at.give(at.define("m", "b", Kind::gauge), -i);
            second.push_back(-i);
        }
        at.clock.advance(i % 50 == 0 ? milliseconds(hours(9)) : milliseconds(seconds(7)));
        if (i % 200 == 0) {
            at.history.seal(1);
            REQUIRE(at.history.commit(3).ok());
        }
    }
    given.insert(given.end(), second.begin(), second.end());
    for (const std::size_t limit : {1U, 2U, 7U, 100U, 699U, 1000U}) {
        INFO("limit " << limit);
        HistoryQuery query = at.question("m");
        query.limit = limit;
        std::size_t pages = 0;
        CHECK(at.sums(query, &pages) == given);
        CHECK(pages >= given.size() / (limit + 1));
    }
}

TEST_CASE("history_desk: values of one time stay on one page", "[app]") {
    Desk at;
    const auto series = at.define("m", "a", Kind::gauge);
    for (int i = 0; i < 5; ++i) {
        at.give(series, i);
    }
    at.clock.advance(seconds(1));
    at.give(series, 5);
    HistoryQuery query = at.question("m");
    query.limit = 2;
    const auto page = at.desk.answer(query);
    CHECK(page->values.size() == 5);
    CHECK_FALSE(page->next.empty());
    query.after = page->next;
    CHECK(at.desk.answer(query)->values.size() == 1);
}

TEST_CASE("history_desk: steps add up what lies within them", "[app]") {
    Desk at;
    at.clock.set_wall(from_unix_ms(1'700'000'000'000 / 3600000 * 3600000));
    const auto series = at.define("m", "a", Kind::gauge);
    for (int i = 0; i < 240; ++i) {
        at.clock.advance(seconds(60));
        at.give(series, 0.1);
    }
    HistoryQuery query = at.question("m");
    query.step = hours(1);
    CHECK(at.sums(query) == std::vector<double>{6, 6, 6, 6});
    query.step = milliseconds(seconds(900));
    query.limit = 3;
    CHECK(at.sums(query) == std::vector<double>(16, 1.5));
}

TEST_CASE("history_desk: events by name, page by page", "[app]") {
    Desk at;
    for (int i = 0; i < 20; ++i) {
        Event event;
        event.name = i % 2 == 0 ? "plugin.crashed" : "source.degraded";
        event.text = std::to_string(i);
        event.time = at_boot(at.clock.boot_now());
        at.history.add_event(stamp_of(event.time), wire::encode_event(event));
        at.clock.advance(seconds(10));
    }
    HistoryQuery query = at.question("plugin.*");
    query.events = true;
    query.limit = 3;
    std::set<std::string> texts;
    do {
        const auto page = at.desk.answer(query);
        REQUIRE(page.ok());
        for (const Event& event : page->events) {
            CHECK(event.name == "plugin.crashed");
            CHECK(texts.insert(event.text).second);
            CHECK(event.time.base == SampleTime::Base::wall);
        }
        query.after = page->next;
    } while (!query.after.empty());
    CHECK(texts.size() == 10);
}

TEST_CASE("history_desk: a wrong question is refused with what is wrong", "[app]") {
    Desk at;
    at.give(at.define("m", "a", Kind::gauge), 1);
    HistoryQuery query = at.question("m");
    for (const char* after : {"x", "1", "1:", ":5", "1:5x", "99999999999:5"}) {
        query.after = after;
        CHECK(at.desk.answer(query).error().code == ErrorCode::invalid_argument);
    }
    query = at.question("m");
    query.to = query.from;
    CHECK(at.desk.answer(query).error().code == ErrorCode::invalid_argument);
    query = at.question("m");
    query.limit = HistoryQuery::kMostRows + 1;
    CHECK(at.desk.answer(query).error().code == ErrorCode::invalid_argument);
    query.limit = 1;
    query.step = hours(25);
    CHECK(at.desk.answer(query).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("history_codec: a histogram is itself again", "[app]") {
    Histogram histogram;
    for (const double value : {0.0, 1e-300, 2.5, 1e300, -1e-300, -7.0, 0.0}) {
        histogram.record(value);
    }
    const auto again = histogram_of(cell_of(histogram));
    REQUIRE(again);
    CHECK(again->count() == 7);
    CHECK(again->zeros() == 2);
    CHECK(again->positive() == histogram.positive());
    CHECK(again->negative() == histogram.negative());
    CHECK(again->min() == -7);
    CHECK(again->max() == 1e300);
    CHECK_FALSE(histogram_of(store::cell_of(1, 2)));
}

TEST_CASE("history_codec: a step becomes the sample it would have been", "[app]") {
    HistoryValue value;
    value.samples = value.n = 4;
    value.sum = 10;
    value.last = 1;
    value.at = from_unix_ms(5);
    CHECK(std::get<double>(sample_of(value, Kind::gauge).value) == 2.5);
    CHECK(std::get<double>(sample_of(value, Kind::delta).value) == 10);
    CHECK(std::get<double>(sample_of(value, Kind::state).value) == 1);
    CHECK(sample_of(value, Kind::gauge).time == at_wall(from_unix_ms(5)));
    value.samples = 0;
    CHECK(std::holds_alternative<Lost>(sample_of(value, Kind::gauge).value));
}

}  // namespace
}  // namespace cxedge::app
