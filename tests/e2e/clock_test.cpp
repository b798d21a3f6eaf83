// SPDX-License-Identifier: Apache-2.0
// A box whose wall clock is wrong at first and set later.
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/e2e/box.hpp"
#include "tests/e2e/wall_clock.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch()
    )
        .count();
}

void send_three(const Box& box) {
    const auto answers = send_kpi(box.file("kpi.sock"), {"till.a 1", "till.a 2", "till.a 3"});
    CHECK(answers == std::vector<std::string>{"ok", "ok", "ok"});
}

// Largest distance of a till's sample from now.
std::int64_t farthest_ms(const Inbox& inbox) {
    std::int64_t farthest = 0;
    for (const Json& object : inbox.seen()) {
        if (object.value("metric", "") == "till.a") {
            farthest =
                std::max(farthest, std::abs(now_ms() - object["time_ms"].get<std::int64_t>()));
        }
    }
    return farthest;
}

}  // namespace

TEST_CASE("clock: an hour in the seventies, then set: all times are right", "[e2e]") {
    if (!MosquittoServer::available() || faketime_library().empty()) {
        std::cout << "skipped: needs mosquitto and faketime\n";
        return;
    }
    constexpr std::int64_t kWrongBy = -1'700'000'000;
    const WallClock clock(kWrongBy);
    const MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kKpi);
    box.set_starter(clock.starter());
    REQUIRE(box.start_collecting());
    send_three(box);
    // Nothing leaves with such a time.
    CHECK(box.status_where([](const Json& now) {
        return now.value("last_error", "").find("waiting for the clock: it shows 19") !=
               std::string::npos;
    }));
    CHECK(box.status().value("samples_delivered", 1) == 0);
    clock.set(0);
    const auto step =
        inbox.next_where([](const Json& object) { return object.contains("clock_step"); });
    REQUIRE(step);
    const Json& told = (*step)["clock_step"];
    const auto by_ms = told["after_ms"].get<std::int64_t>() - told["before_ms"].get<std::int64_t>();
    CHECK(std::abs(by_ms + kWrongBy * 1000) < 5000);
    CHECK(std::abs(now_ms() - told["after_ms"].get<std::int64_t>()) < 30'000);
    send_three(box);
    const auto complete = [&] {
        return inbox.values("till.a").size() == 6;
    };
    CHECK((complete() || inbox.next_where([&](const Json&) { return complete(); })));
    CHECK(farthest_ms(inbox) < 60'000);
    CHECK(box.stop() == 0);
}
