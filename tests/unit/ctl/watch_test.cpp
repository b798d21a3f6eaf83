// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/watch.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/unit/ctl/node.hpp"
#include "tests/unit/ctl/played_broker.hpp"

namespace cxedge::ctl {
namespace {

using nlohmann::json;
using wire::TwinOutcome;
using wire::TwinPhase;

class Watching {
public:
    explicit Watching(WatchOptions options, WatchStyle style = WatchStyle::lines)
        : watch(
              options,
              *broker_options(options.connection),
              *fleet_filters(options.nodes),
              style,
              {broker,
               clock,
               [this](std::string_view text) {
                   printed += text;
                   return true;
               },
               [this](const std::string& text) { notes += text + "\n"; },
               [] {
                   return TableSize{};
               }}
          ) {
        broker.accepts();
    }

    void hears(const std::string& topic, const std::string& payload) {
        broker.arrives("cx/1/acme/paris/" + topic, payload);
    }
    void reports(const std::string& node, wire::Reported reported) {
        reported.at = clock.wall_now();
        hears(node + "/twin/reported", wire::encode_reported(reported));
    }
    void is_online(const std::string& node, bool online) {
        const wire::NodeState state{online, 1, 1, "1.2.3+abc", clock.wall_now()};
        hears(node + "/state", wire::encode_node_state(state));
    }
    // What was printed since the last call.
    std::string take() { return std::exchange(printed, {}); }

    test::ManualClock clock;
    PlayedBroker broker;
    std::string printed;
    std::string notes;
    Watch watch;
};

wire::Reported attempt(
    TwinPhase phase, TwinOutcome outcome, std::vector<std::string> reasons = {}
) {
    wire::Reported reported;
    reported.phase = phase;
    reported.last_attempt.version = {7, std::string(32, '\xAB')};
    reported.last_attempt.outcome = outcome;
    reported.last_attempt.reasons = std::move(reasons);
    reported.groups = {"stores"};
    return reported;
}

WatchOptions once() {
    WatchOptions options;
    options.once = true;
    options.json = true;
    return options;
}

// Turns until --once has listened long enough, and prints.
ExitCode ended(Watching& watching) {
    while (watching.watch.turn()) {
        watching.clock.advance(std::chrono::milliseconds(500));
    }
    watching.watch.finish();
    return watching.watch.result();
}

}  // namespace

TEST_CASE("watch: subscribes to what says how nodes are, of the nodes that are meant", "[ctl]") {
    WatchOptions options;
    options.nodes = "acme/+/gw-1";
    Watching watching(options);
    CHECK(watching.watch.turn());
    CHECK(
        watching.broker.subscribed ==
        std::vector<std::string>{
            "cx/1/acme/+/gw-1/dict/#",
            "cx/1/acme/+/gw-1/state",
            "cx/1/acme/+/gw-1/twin/reported",
            "cx/1/acme/+/gw-1/up/health"}
    );
    for (const char* wrong : {"", "acme", "acme/s", "acme/s/n/x", "acme/#/n", "a b/s/n", "//"}) {
        INFO(wrong);
        CHECK_FALSE(fleet_filters(wrong));
    }
}

TEST_CASE("watch: a line when something of a node changes, not when time passes", "[ctl]") {
    Watching watching({});
    CHECK(watching.watch.turn());
    watching.reports("gw-1", attempt(TwinPhase::trial, TwinOutcome::none));
    CHECK(watching.watch.turn());
    CHECK(watching.take().find("acme/paris/gw-1") == 0);
    watching.clock.advance(std::chrono::seconds(5));
    watching.reports("gw-1", attempt(TwinPhase::trial, TwinOutcome::none));
    CHECK(watching.watch.turn());
    CHECK(watching.take().empty());
    watching.reports(
        "gw-1", attempt(TwinPhase::idle, TwinOutcome::rolled_back, {"nothing was acknowledged"})
    );
    CHECK(watching.watch.turn());
    const std::string line = watching.take();
    CHECK(line.find("rolled back") != std::string::npos);
    CHECK(line.find("nothing was acknowledged") != std::string::npos);
}

TEST_CASE("watch: what cannot be read is shown as such and ends nothing", "[ctl]") {
    Watching watching(once());
    watching.hears("gw-1/twin/reported", "\xFF\xFF garbage");
    watching.hears("gw-2/state", "\xFF");
    watching.hears("gw-3/up/health", "no batch");
    watching.hears("gw-4/dict", "\x01\x02\x03");
    watching.broker.arrives("cx/1/acme/paris", "");
    watching.broker.arrives("something/else", "x");
    watching.reports("gw-5", attempt(TwinPhase::idle, TwinOutcome::confirmed));
    CHECK(ended(watching) == ExitCode::failed);
    std::istringstream lines(watching.take());
    std::vector<std::string> verdicts;
    for (std::string line; std::getline(lines, line);) {
        const json node = json::parse(line);
        verdicts.push_back(node["verdict"]);
        CHECK(node["unreadable"].size() == (node["node"] == "acme/paris/gw-5" ? 0 : 1));
    }
    CHECK(verdicts == std::vector<std::string>{"wrong", "wrong", "wrong", "wrong", "well"});
}

TEST_CASE("watch: what was unreadable is forgotten when it can be read again", "[ctl]") {
    Watching watching(once());
    watching.hears("gw-1/state", "\xFF");
    watching.is_online("gw-1", true);
    CHECK(ended(watching) == ExitCode::ok);
}

TEST_CASE("watch: the exit status of --once is the worst of the nodes", "[ctl]") {
    Watching nobody(once());
    CHECK(ended(nobody) == ExitCode::unavailable);
    CHECK(nobody.notes.find("no node") != std::string::npos);
    Watching well(once());
    well.is_online("gw-1", true);
    well.reports("gw-1", attempt(TwinPhase::idle, TwinOutcome::confirmed));
    CHECK(ended(well) == ExitCode::ok);
    Watching under_way(once());
    under_way.reports("gw-1", attempt(TwinPhase::trial, TwinOutcome::none));
    CHECK(ended(under_way) == ExitCode::unavailable);
    Watching away(once());
    away.reports("gw-1", attempt(TwinPhase::trial, TwinOutcome::none));
    away.is_online("gw-2", false);
    CHECK(ended(away) == ExitCode::failed);
    Watching rejected(once());
    rejected.reports("gw-1", attempt(TwinPhase::idle, TwinOutcome::rejected, {"remote:1:1: no"}));
    CHECK(ended(rejected) == ExitCode::failed);
}

TEST_CASE("watch: only the group that was asked for", "[ctl]") {
    WatchOptions options = once();
    options.group = "stores";
    Watching watching(options);
    watching.reports("gw-1", attempt(TwinPhase::idle, TwinOutcome::confirmed));
    wire::Reported other = attempt(TwinPhase::idle, TwinOutcome::rejected);
    other.groups = {"kiosks"};
    watching.reports("gw-2", other);
    watching.is_online("gw-3", false);
    CHECK(ended(watching) == ExitCode::ok);
    CHECK(json::parse(watching.take())["node"] == "acme/paris/gw-1");
}

TEST_CASE("watch: the backlog is what the newest heartbeat says", "[ctl]") {
    Watching watching(once());
    Node node("box-7");
    const SeriesId live =
        node.define(Kind::gauge, "agent.spool.oldest_age", "s", {{"lane", "live"}});
    const SeriesId bulk =
        node.define(Kind::gauge, "agent.spool.oldest_age", "s", {{"lane", "bulk"}});
    const SeriesId bytes = node.define(Kind::gauge, "agent.spool.bytes", "By");
    wire::BatchBuilder builder;
    for (const std::int64_t minute : {0, 1}) {
        const auto at = at_wall(from_unix_ms(kStart + minute * 60'000));
        builder.add(Sample{live, at, 100.0 - static_cast<double>(minute) * 90});
        builder.add(Sample{bulk, at, 7.0});
        builder.add(Sample{bytes, at, 2048.0});
    }
    watching.hears("box-7/dict", node.dictionary()[0].payload);
    watching.hears("box-7/up/health", node.seal(builder, 1));
    CHECK(ended(watching) == ExitCode::ok);
    const json shown = json::parse(watching.take());
    CHECK(shown["backlog_s"] == 10.0);
    CHECK(shown["backlog_bytes"] == 2048);
    CHECK(shown["seen"] != "");
}

TEST_CASE("watch: on a terminal trouble comes first, and what does not fit is counted", "[ctl]") {
    std::vector<NodeView> nodes(5);
    std::vector<const NodeView*> all;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].name = "t/s/gw-" + std::to_string(i);
        all.push_back(&nodes[i]);
    }
    nodes[3].reported = attempt(TwinPhase::idle, TwinOutcome::rolled_back, {"why\x1B[2J"});
    nodes[4].reported = attempt(TwinPhase::trial, TwinOutcome::none);
    const std::string table = fleet_table(all, from_unix_ms(kStart), {40, 6});
    std::istringstream in(table);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        CHECK(line.size() <= 40);
        lines.push_back(line);
    }
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] == "5 nodes: 3 well, 1 under way, 1 wrong");
    CHECK(lines[2].find("t/s/gw-3") == 0);
    CHECK(lines[3].find("t/s/gw-4") == 0);
    CHECK(lines[4].find("and 3 more") == 0);
    CHECK(node_line(nodes[3], from_unix_ms(kStart)).find('\x1B') == std::string::npos);
}

TEST_CASE("watch: the table is drawn anew in place", "[ctl]") {
    Watching watching({}, WatchStyle::table);
    watching.reports("gw-1", attempt(TwinPhase::idle, TwinOutcome::confirmed));
    CHECK(watching.watch.turn());
    CHECK(watching.take().find("\x1B[H\x1B[J1 nodes: 1 well") == 0);
    CHECK(watching.watch.turn());
    CHECK(watching.take().empty());
    watching.clock.advance(std::chrono::seconds(1));
    CHECK(watching.watch.turn());
    CHECK_FALSE(watching.take().empty());
}

}  // namespace cxedge::ctl
