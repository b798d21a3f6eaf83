// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/ticket_book.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include <fmt/core.h>

#include "plugins/_devices/text.hpp"
#include "plugins/ticket/queue_board.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::QueueFact;
using plugins::TicketBook;
using plugins::TicketEvent;
using plugins::TicketRules;
using plugins::TicketStep;

// The box's time zone while it lives.
class BookZone {
public:
    explicit BookZone(const char* name) {
        ::setenv("TZ", name, 1);  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
    BookZone(const BookZone&) = delete;
    BookZone& operator=(const BookZone&) = delete;
    ~BookZone() {
        ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
};

const WallTime kNine = from_unix_ms(1'792'746'000'000);  // 2026-10-23T09:00:00Z

std::string text_of_fact(const QueueFact& fact) {
    constexpr const char* kNames[] = {
        "arrived", "served", "abandoned", "transferred", "wait", "service"};
    std::string text = fmt::format("{} {}", kNames[static_cast<int>(fact.what)], fact.queue);
    if (fact.what == QueueFact::What::wait || fact.what == QueueFact::What::service) {
        text += fmt::format(" {:.0f}", fact.value);
    }
    return text;
}

// A day at the counters: minutes after nine o'clock.
struct Day {
    explicit Day(TicketRules rules = {}) : book(std::move(rules)) {}

    BookZone zone{"UTC0"};
    TicketBook book;
    std::chrono::milliseconds step{0};  // of the wall clock

    [[nodiscard]] plugins::TicketNow at(double minute) const {
        const auto passed = std::chrono::milliseconds(static_cast<std::int64_t>(minute * 60'000));
        return {kNine + passed + step, SteadyTime(1'000s) + passed};
    }
    // The device says when, and the message comes then.
    TicketEvent event(TicketStep what, const std::string& number, double minute) const {
        TicketEvent event;
        event.step = what;
        event.ticket = devices::key_of(number);
        event.time =
            devices::DeviceTime{unix_ms(kNine) + static_cast<std::int64_t>(minute * 60'000), false};
        return event;
    }
    std::string take(const TicketEvent& event, double minute) {
        return texts(book.take(event, at(minute)));
    }
    std::string take(TicketStep what, const std::string& number, double minute) {
        return take(event(what, number, minute), minute);
    }
    // Without the device's time.
    std::string blind(TicketStep what, const std::string& number, double minute) {
        TicketEvent told = event(what, number, minute);
        told.time.reset();
        return take(told, minute);
    }
    std::string tick(double minute) { return texts(book.tick(at(minute))); }
    static std::string texts(const TicketBook::Facts& facts) {
        std::string all;
        for (const QueueFact& fact : facts) {
            all += (all.empty() ? "" : ", ") + text_of_fact(fact);
        }
        return all;
    }
};

}  // namespace

TEST_CASE("ticket: a ticket's life", "[ticket]") {
    Day day;
    CHECK(day.take(TicketStep::issued, "A1", 0) == "arrived main");
    CHECK(day.book.waiting("main") == 1);
    CHECK(day.take(TicketStep::called, "A1", 7) == "wait main 420");
    CHECK(day.book.waiting("main") == 0);
    CHECK(day.take(TicketStep::finished, "A1", 10) == "served main, service main 180");
}

TEST_CASE("ticket: service begins when it is told to, the wait ends with the call", "[ticket]") {
    Day day;
    day.take(TicketStep::issued, "A1", 0);
    CHECK(day.take(TicketStep::called, "A1", 5) == "wait main 300");
    CHECK(day.take(TicketStep::served, "A1", 6) == "served main");
    CHECK(day.take(TicketStep::finished, "A1", 9) == "service main 180");
}

TEST_CASE("trap: repeated messages count once", "[ticket]") {
    Day day;
    CHECK(day.take(TicketStep::issued, "A1", 0) == "arrived main");
    CHECK(day.take(TicketStep::issued, "A1", 0).empty());
    day.take(TicketStep::called, "A1", 5);
    CHECK(day.take(TicketStep::called, "A1", 5).empty());
    CHECK(day.take(TicketStep::called, "A1", 6).empty());  // called again
    CHECK(day.take(TicketStep::issued, "A1", 0).empty());
    CHECK(day.take(TicketStep::finished, "A1", 8) == "served main, service main 180");
    CHECK(day.take(TicketStep::finished, "A1", 8).empty());
    CHECK(day.take(TicketStep::called, "A1", 5).empty());
    CHECK(day.take(TicketStep::issued, "A1", 0).empty());
    CHECK(day.take(TicketStep::abandoned, "A1", 8).empty());
}

TEST_CASE("trap: a message with an id is taken once, whatever it says", "[ticket]") {
    Day day;
    TicketEvent event = day.event(TicketStep::issued, "A1", 0);
    event.id = "m-1";
    CHECK(day.take(event, 0) == "arrived main");
    event.ticket = devices::key_of("A2");
    CHECK(day.take(event, 0).empty());
}

TEST_CASE("ticket: steps in any order give the same", "[ticket]") {
    Day day;
    SECTION("the call overtakes the issue") {
        CHECK(day.take(TicketStep::called, "A1", 5).empty());
        CHECK(day.take(day.event(TicketStep::issued, "A1", 0), 5) == "arrived main, wait main 300");
        CHECK(day.book.waiting("main") == 0);
        CHECK(day.take(TicketStep::finished, "A1", 6) == "served main, service main 60");
    }
    SECTION("backwards") {
        CHECK(day.take(day.event(TicketStep::finished, "A1", 9), 9) == "served main");
        CHECK(day.take(day.event(TicketStep::called, "A1", 5), 9) == "service main 240");
        CHECK(day.take(day.event(TicketStep::issued, "A1", 0), 9) == "arrived main, wait main 300");
    }
}

TEST_CASE("ticket: missing steps are not made up", "[ticket]") {
    Day day;
    CHECK(day.take(TicketStep::called, "A1", 5).empty());  // no wait, nobody arrived
    CHECK(day.take(TicketStep::finished, "A1", 6) == "served main, service main 60");
    day.take(TicketStep::issued, "A2", 0);
    CHECK(day.take(TicketStep::finished, "A2", 6) == "served main");  // never called
    CHECK(day.take(TicketStep::abandoned, "A3", 6) == "abandoned main");
}

TEST_CASE("ticket: a later message that repeats the earlier times makes good", "[ticket]") {
    Day day;
    TicketEvent event = day.event(TicketStep::finished, "A1", 9);
    event.issued = day.event(TicketStep::issued, "A1", 0).time;
    event.called = day.event(TicketStep::called, "A1", 5).time;
    CHECK(day.take(event, 9) == "arrived main, wait main 300, served main, service main 240");
}

TEST_CASE("ticket: who leaves, before and after the call", "[ticket]") {
    Day day;
    day.take(TicketStep::issued, "A1", 0);
    CHECK(day.take(TicketStep::abandoned, "A1", 3) == "abandoned main");
    day.take(TicketStep::issued, "A2", 0);
    CHECK(day.take(TicketStep::called, "A2", 3) == "wait main 180");
    CHECK(day.take(TicketStep::abandoned, "A2", 4) == "abandoned main");
    CHECK(day.take(TicketStep::abandoned, "A2", 4).empty());
    SECTION("and comes after all") {
        CHECK(day.take(TicketStep::called, "A2", 10).empty());
        CHECK(day.take(TicketStep::finished, "A2", 12) == "served main, service main 120");
    }
}

TEST_CASE("ticket: a transfer leaves one queue and joins another", "[ticket]") {
    Day day;
    TicketEvent event = day.event(TicketStep::issued, "A1", 0);
    event.queue = "sales";
    CHECK(day.take(event, 0) == "arrived sales");
    SECTION("while it waits") {
        event = day.event(TicketStep::transferred, "A1", 2);
        event.queue = "service";
        CHECK(day.take(event, 2) == "transferred sales, arrived service");
        CHECK(day.book.waiting("sales") == 0);
        CHECK(day.book.waiting("service") == 1);
        CHECK(day.take(event, 2).empty());  // told again
        CHECK(day.take(TicketStep::called, "A1", 5) == "wait service 180");
    }
    SECTION("from a counter") {
        day.take(TicketStep::called, "A1", 2);
        event = day.event(TicketStep::transferred, "A1", 4);
        event.queue = "service";
        CHECK(day.take(event, 4) == "service sales 120, transferred sales, arrived service");
    }
    SECTION("back into the same is a second wait, not a second customer") {
        day.take(TicketStep::called, "A1", 2);
        CHECK(day.take(TicketStep::transferred, "A1", 4) == "service sales 120");
        CHECK(day.book.waiting("sales") == 1);
        CHECK(day.take(TicketStep::called, "A1", 5) == "wait sales 60");
        CHECK(day.take(TicketStep::finished, "A1", 6) == "served sales, service sales 60");
    }
    SECTION("a change of something else is none") {
        event = day.event(TicketStep::changed, "A1", 2);
        event.queue = "sales";
        CHECK(day.take(event, 2).empty());
        event.queue = "service";
        CHECK(day.take(event, 2) == "transferred sales, arrived service");
    }
}

TEST_CASE("ticket: who still waits when the day ends has left", "[ticket]") {
    Day day;
    day.take(TicketStep::issued, "A1", 0);
    day.take(TicketStep::issued, "A2", 0);
    day.take(TicketStep::called, "A2", 5);
    CHECK(day.tick(18 * 60).empty());  // 03:00
    const TicketBook::Facts facts = day.book.tick(day.at(19 * 60 + 1));
    CHECK(Day::texts(facts) == "abandoned main, served main");
    CHECK(facts.at(0).time == kNine + 19h);  // 04:00
    CHECK(day.book.waiting("main") == 0);
    CHECK(day.tick(19 * 60 + 2).empty());
    SECTION("a number of the new day is another ticket") {
        CHECK(day.take(TicketStep::issued, "A1", 24 * 60) == "arrived main");
        CHECK(day.take(TicketStep::called, "A1", 24 * 60 + 1) == "wait main 60");
    }
    SECTION("and what comes late of the old day is of the old day") {
        CHECK(day.take(day.event(TicketStep::issued, "A1", 0), 20 * 60).empty());
        CHECK(day.book.waiting("main") == 0);
    }
}

TEST_CASE("ticket: unique numbers live over the end of a day", "[ticket]") {
    TicketRules rules;
    rules.daily = false;
    Day day(rules);
    day.take(TicketStep::issued, "1", 0);
    day.take(TicketStep::called, "1", 1);
    day.take(TicketStep::finished, "1", 2);
    CHECK(day.take(TicketStep::issued, "1", 60).empty());
}

TEST_CASE("ticket: numbers that go round within a day", "[ticket]") {
    Day day;
    day.take(TicketStep::issued, "A1", 0);
    day.take(TicketStep::called, "A1", 1);
    day.take(TicketStep::finished, "A1", 2);
    CHECK(day.take(TicketStep::issued, "A1", 60) == "arrived main");
    CHECK(day.take(TicketStep::called, "A1", 62) == "wait main 120");
    // It was called and nobody told its end: the next customer's ticket ends it.
    CHECK(day.take(TicketStep::issued, "A1", 120) == "served main, arrived main");
}

TEST_CASE("ticket: without times those of receipt count, and retries are known", "[ticket]") {
    Day day;
    CHECK(day.blind(TicketStep::issued, "A1", 0) == "arrived main");
    CHECK(day.blind(TicketStep::called, "A1", 4) == "wait main 240");
    CHECK(day.blind(TicketStep::finished, "A1", 5) == "served main, service main 60");
    CHECK(day.blind(TicketStep::issued, "A1", 6).empty());
    CHECK(day.blind(TicketStep::issued, "A1", 30) == "arrived main");
}

TEST_CASE("trap: a queue system whose clock is wrong still measures waits", "[ticket]") {
    Day day;
    TicketEvent issued = day.event(TicketStep::issued, "A1", -500'000);
    TicketEvent called = day.event(TicketStep::called, "A1", -500'003);
    CHECK(day.take(issued, 0) == "arrived main");
    CHECK(day.take(called, 2).empty());  // called before it was issued: nobody knows the wait
    issued = day.event(TicketStep::issued, "A2", -499'000);
    called = day.event(TicketStep::called, "A2", -498'998);
    day.take(issued, 3);
    CHECK(day.take(called, 9) == "wait main 120");
}

TEST_CASE("ticket: a wall clock that is set ends no day", "[ticket]") {
    Day day;
    day.step = -24h * 365;  // the box woke up a year ago
    CHECK(day.blind(TicketStep::issued, "A1", 0) == "arrived main");
    day.step = 0s;
    CHECK(day.tick(1).empty());
    CHECK(day.book.waiting("main") == 1);
    CHECK(day.blind(TicketStep::called, "A1", 4) == "wait main 240");
}

TEST_CASE("ticket: days of 23 and 25 hours end once", "[ticket]") {
    const BookZone zone("CET-1CEST,M3.5.0/2,M10.5.0/3");
    TicketBook book{TicketRules{}};
    // 2026-10-24T12:00 CEST; the night after it has an hour more.
    const WallTime noon = from_unix_ms(1'792'836'000'000);
    TicketEvent event;
    event.step = TicketStep::issued;
    event.ticket = 7;
    CHECK(book.take(event, {noon, SteadyTime(1h)}).size() == 1);
    CHECK(book.tick({noon + 16h, SteadyTime(17h)}).empty());  // 03:00, the second time round
    const auto facts = book.tick({noon + 17h + 1min, SteadyTime(18h + 1min)});
    REQUIRE(facts.size() == 1);
    CHECK(facts[0].time == noon + 17h);  // 04:00 CET
}

TEST_CASE("ticket: systems that tell no end, with next_ends", "[ticket]") {
    TicketRules rules;
    rules.next_ends = true;
    Day day(rules);
    day.take(TicketStep::issued, "A1", 0);
    day.take(TicketStep::issued, "A2", 0);
    TicketEvent call = day.event(TicketStep::called, "A1", 1);
    call.counter = "1";
    CHECK(day.take(call, 1) == "wait main 60");
    call = day.event(TicketStep::called, "A2", 4);
    call.counter = "1";
    CHECK(day.take(call, 4) == "wait main 240, served main, service main 180");
}

TEST_CASE("ticket: memory is bounded and forgets", "[ticket]") {
    TicketRules rules;
    rules.max_tickets = 10;
    Day day(rules);
    std::string told;
    for (int i = 0; i < 12; ++i) {
        told = day.take(TicketStep::issued, "A" + std::to_string(i), i);
    }
    CHECK(told == "abandoned main, arrived main");
    CHECK(day.book.size() == 10);
    day.tick(3 * 24 * 60);
    CHECK(day.book.size() == 0);
}

TEST_CASE("ticket: the same fact has the same key for the next process", "[ticket]") {
    Day day;
    Day after_restart;
    const TicketEvent event = day.event(TicketStep::issued, "A1", 0);
    const auto first = day.book.take(event, day.at(0));
    const auto again = after_restart.book.take(event, after_restart.at(3));
    REQUIRE(first.size() == 1);
    CHECK(first[0].key != 0);
    CHECK(first[0].key == again.at(0).key);
    CHECK(
        day.book.take(day.event(TicketStep::issued, "A2", 0), day.at(0)).at(0).key != first[0].key
    );
}

TEST_CASE("ticket: counters are open while they work, or as they say", "[ticket]") {
    plugins::QueueBoard board(30min);
    const SteadyTime start(1h);
    TicketEvent event;
    event.step = TicketStep::called;
    event.counter = "1";
    board.take(event, "main", start);
    event.counter = "2";
    board.take(event, "main", start + 20min);
    CHECK(board.counters_open("main", start + 21min) == 2);
    CHECK(board.counters_open("main", start + 31min) == 1);
    CHECK(board.counters_open("other", start) == 0);
    event.step = TicketStep::opened;
    event.counter = "3";
    board.take(event, {}, start + 32min);
    CHECK(board.counters_open("main", start + 32min) == 1);
    event.step = TicketStep::closed;
    board.take(event, {}, start + 40min);
    CHECK(board.counters_open("main", start + 40min) == 0);
}

TEST_CASE("ticket: a forecast needs ten calls", "[ticket]") {
    plugins::QueueBoard board(30min);
    const SteadyTime start(1h);
    for (int i = 0; i < 9; ++i) {
        board.called("main", start + i * 2min);
    }
    CHECK_FALSE(board.forecast_s("main", 5, start + 18min));
    board.called("main", start + 18min);
    // Ten calls in 18 minutes: one in two minutes, and five wait.
    CHECK(board.forecast_s("main", 5, start + 18min) == 600.0);
    CHECK_FALSE(board.forecast_s("main", 5, start + 40min));
}

}  // namespace cxedge::test
