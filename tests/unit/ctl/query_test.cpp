// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/query.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "agent/ctl/moment.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

using Page = nlohmann::json;

const WallTime kNow = from_unix_ms(1'763'800'000'000);  // 2025-11-22T08:26:40Z

TEST_CASE("moment: what an operator may type", "[ctl]") {
    CHECK(parse_moment("now", kNow).value() == kNow);
    CHECK(parse_moment("-90s", kNow).value() == kNow - std::chrono::seconds(90));
    CHECK(parse_moment("-30min", kNow).value() == kNow - std::chrono::minutes(30));
    CHECK(parse_moment("-2h", kNow).value() == kNow - std::chrono::hours(2));
    CHECK(parse_moment("-7d", kNow).value() == kNow - std::chrono::hours(24 * 7));
    CHECK(iso8601(parse_moment("2025-11-21Z", kNow).value()) == "2025-11-21T00:00:00Z");
    CHECK(iso8601(parse_moment("2025-11-21T09:05Z", kNow).value()) == "2025-11-21T09:05:00Z");
    CHECK(iso8601(parse_moment("2025-11-21T09:05:07Z", kNow).value()) == "2025-11-21T09:05:07Z");
    const auto today = parse_moment("today", kNow);
    const auto yesterday = parse_moment("yesterday", kNow);
    CHECK(today.value() <= kNow);
    CHECK(kNow - today.value() < std::chrono::hours(25));
    CHECK(today.value() > yesterday.value());
    CHECK(yesterday.value() > kNow - std::chrono::hours(50));
    for (const char* wrong :
         {"", "noon", "2025", "2025-13-01", "-2", "-2y", "2h", "2025-11-21X", "--2h"}) {
        INFO(wrong);
        CHECK(parse_moment(wrong, kNow).error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("moment: steps", "[ctl]") {
    CHECK(parse_step("raw").value().count() == 0);
    CHECK(parse_step("15min").value() == std::chrono::minutes(15));
    CHECK(parse_step("1d").value() == std::chrono::hours(24));
    for (const char* wrong : {"", "2d", "h", "-1h", "15 min"}) {
        INFO(wrong);
        CHECK_FALSE(parse_step(wrong).ok());
    }
}

std::string page_with(int values, const std::string& next) {
    Page page = {{"ok", true}, {"next", next}, {"values", Page::array()}};
    for (int i = 0; i < values; ++i) {
        page["values"].push_back(
            {{"metric", "till.total"},
             {"dims", {{"till", "1,\"2\""}}},
             {"time_ms", 1000 * i},
             {"step_ms", 60000},
             {"samples", 1},
             {"lost", 0},
             {"n", 1},
             {"sum", 2.5}}
        );
    }
    return page.dump();
}

TEST_CASE("query: asks page by page until there is no more", "[ctl]") {
    QueryOptions options;
    options.format = "csv";
    std::vector<std::string> asked;
    std::string printed;
    const Status done = query(
        options,
        [&](const HistoryQuery& page) {
            asked.push_back(page.after);
            return Result(page_with(2, asked.size() == 1 ? "7:8" : ""));
        },
        [&](std::string_view text) {
            printed += text;
            return true;
        }
    );
    REQUIRE(done.ok());
    CHECK(asked == std::vector<std::string>{"", "7:8"});
    CHECK(std::count(printed.begin(), printed.end(), '\n') == 5);
    CHECK(printed.rfind("time_ms,step_ms,metric,dims,", 0) == 0);
    CHECK(
        printed.find("1000,60000,till.total,\"{\"\"till\"\":\"\"1,\\\"\"2\\\"\"\"\"}\"") !=
        std::string::npos
    );
}

TEST_CASE("query: says what the agent says, and when there is no history", "[ctl]") {
    const auto told = [](const std::string& answer) {
        return query(
            {},
            [&](const HistoryQuery&) { return Result(answer); },
            [](std::string_view) { return true; }
        );
    };
    CHECK(told(R"({"ok":false,"error":"no series"})").error().message == "no series");
    CHECK(
        told(R"({"ok":false,"error":"unknown operation 'query'; known: status"})")
            .error()
            .message.find("[history]") != std::string::npos
    );
    CHECK(told("nothing").error().code == ErrorCode::corrupt);
    QueryOptions backwards;
    backwards.range.to = "-2h";
    CHECK(query(backwards, nullptr, nullptr).error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace cxedge::ctl
