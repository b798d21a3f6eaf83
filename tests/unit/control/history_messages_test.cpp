// SPDX-License-Identifier: Apache-2.0
#include "agent/control/history_messages.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

namespace cxedge::control {
namespace {

using nlohmann::json;

HistoryQuery some_query() {
    HistoryQuery query;
    query.series = "till.*{till=\"1\"}";
    query.events = true;
    query.from = from_unix_ms(1);
    query.to = from_unix_ms(1'700'000'000'000);
    query.step = std::chrono::minutes(15);
    query.limit = 7;
    query.after = "3:5";
    return query;
}

TEST_CASE("history_messages: a question is itself again", "[control]") {
    const HistoryQuery asked = some_query();
    const auto read = parse_history_query(history_request("query", asked));
    REQUIRE(read.ok());
    CHECK(read->series == asked.series);
    CHECK(read->events);
    CHECK(read->from == asked.from);
    CHECK(read->to == asked.to);
    CHECK(read->step == asked.step);
    CHECK(read->limit == asked.limit);
    CHECK(read->after == asked.after);
    const std::string replay = history_request("replay", asked, 0xFEU);
    CHECK(parse_replay_id(replay).value() == 0xFEU);
    CHECK(json::parse(replay)["op"] == "replay");
}

TEST_CASE("history_messages: a wrong question names its field", "[control]") {
    for (const auto& [line, named] : std::initializer_list<std::pair<const char*, const char*>>{
             {"[]", "object"},
             {"{", "object"},
             {R"({"to_ms":1})", "from_ms"},
             {R"({"from_ms":1})", "to_ms"},
             {R"({"from_ms":1.5,"to_ms":2})", "from_ms"},
             {R"({"from_ms":1,"to_ms":1e300})", "to_ms"},
             {R"({"from_ms":1,"to_ms":18446744073709551615})", "to_ms"},
             {R"({"from_ms":1,"to_ms":2,"series":5})", "series"},
             {R"({"from_ms":1,"to_ms":2,"limit":"x"})", "limit"},
             {R"({"from_ms":1,"to_ms":2,"events":1})", "events"}}) {
        INFO(line);
        const auto query = parse_history_query(line);
        REQUIRE_FALSE(query.ok());
        CHECK(query.error().message.find(named) != std::string::npos);
    }
    for (const char* line :
         {"{}", R"({"id":"0000000000000000"})", R"({"id":"12"})", R"({"id":5})", "x"}) {
        CHECK_FALSE(parse_replay_id(line).ok());
    }
}

TEST_CASE("history_messages: a question survives as arguments of a command", "[control]") {
    HistoryQuery query;
    query.series = "till.*{till=\xc3\xa4}";
    query.from = from_unix_ms(-5);
    query.to = from_unix_ms(1'763'800'000'000);
    query.step = std::chrono::minutes(15);
    query.limit = 7;
    query.after = "3:17";
    query.events = true;
    for (int turn = 0; turn < 2; ++turn) {
        const auto read = parse_history_args(history_args(query));
        REQUIRE(read.ok());
        CHECK(history_request("query", *read) == history_request("query", query));
        query = {};
        query.to = from_unix_ms(9);
    }
}

TEST_CASE("history_messages: wrong arguments are named", "[control]") {
    const HistoryArgs good{{"from_ms", "0"}, {"to_ms", "1"}};
    REQUIRE(parse_history_args(good).ok());
    const auto told = [&](const std::string& key, const std::string& text) {
        HistoryArgs args = good;
        args[key] = text;
        const auto read = parse_history_args(args);
        return read ? std::string("fine") : read.error().message;
    };
    CHECK(parse_history_args({{"to_ms", "1"}}).error().message.find("from_ms") == 0);
    CHECK(told("serie", "x").find("serie is unknown") == 0);
    CHECK(told("from_ms", "noon").find("from_ms") == 0);
    CHECK(told("step_ms", "99999999999999999999").find("step_ms") == 0);
    CHECK(told("events", "yes").find("events") == 0);
    CHECK(told("limit", "-1") == "fine");  // the desk says what may be
    CHECK(told("after", "{") == "fine");
}

TEST_CASE("history_messages: an answer is ASCII whatever series are called", "[control]") {
    HistoryPage page;
    page.series.push_back({{"t\xc3\xbcr", {{"at", "\x7f\xff"}}}, Kind::gauge, "1", {}, 0});
    page.values.emplace_back();
    const std::string answer = history_answer(page);
    CHECK(std::all_of(answer.begin(), answer.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    CHECK(json::parse(answer)["values"][0]["metric"] == "t\xc3\xbcr");
}

TEST_CASE("history_messages: a page in JSON has what a value knows", "[control]") {
    HistoryPage page;
    page.series.push_back({{"door", {{"at", "main"}}}, Kind::state, "1", {"shut", "open"}, 0});
    page.series.push_back({{"wait", {}}, Kind::histogram, "s", {}, 0});
    HistoryValue state;
    state.at = from_unix_ms(5);
    state.samples = state.n = 2;
    state.sum = std::nan("");
    state.last = 1;
    HistoryValue wait;
    wait.series = 1;
    wait.step = std::chrono::hours(1);
    wait.samples = 1;
    wait.n = 2;
    Histogram histogram;
    histogram.record(1);
    histogram.record(9);
    wait.histogram = histogram;
    HistoryValue lost;
    lost.lost = 3;
    page.values = {state, wait, lost};
    Event event;
    event.name = "plugin.crashed";
    event.subject = "camera";
    event.time = at_wall(from_unix_ms(9));
    page.events = {event};
    page.next = "1:2";
    const json read = json::parse(history_answer(page));
    CHECK(read["ok"] == true);
    CHECK(read["next"] == "1:2");
    CHECK(read["values"][0]["state"] == "open");
    CHECK(read["values"][0]["sum"] == "NaN");
    CHECK(read["values"][0]["dims"]["at"] == "main");
    CHECK(read["values"][1]["step_ms"] == 3600000);
    CHECK(read["values"][1]["p99"].get<double>() > 8);
    CHECK_FALSE(read["values"][1].contains("last"));
    CHECK(read["values"][2]["lost"] == 3);
    CHECK_FALSE(read["values"][2].contains("sum"));
    CHECK(read["events"][0]["event"] == "plugin.crashed");
}

TEST_CASE("history_messages: the progress of a replay", "[control]") {
    const auto read = parse_replay_answer(replay_answer({12, "4:5", true}));
    REQUIRE(read.ok());
    CHECK(read->samples == 12);
    CHECK(read->next == "4:5");
    CHECK(read->wait);
    CHECK(parse_replay_answer("[]").error().code == ErrorCode::corrupt);
    const auto refused = parse_replay_answer(R"({"ok":false,"error":"storage full"})");
    CHECK(refused.error().code == ErrorCode::exhausted);
    CHECK(refused.error().message == "storage full");
    CHECK(parse_replay_answer(R"({"ok":true,"samples":"x"})").error().code == ErrorCode::corrupt);
}

}  // namespace
}  // namespace cxedge::control
