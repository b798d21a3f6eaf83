// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/json_lines.hpp"

#include <limits>

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/unit/ctl/node.hpp"

namespace cxedge::ctl {
namespace {

const Origin kOrigin{"cx/1/acme/paris/box-7/up/live/kpi", "acme", "paris", "box-7"};

// The lines of a batch that went over the wire.
std::string lines_of(const Node& node, const std::string& payload, bool duplicate = false) {
    wire::DictionaryReplica replica;
    for (const auto& part : node.dictionary()) {
        REQUIRE(replica.apply(part.payload).ok());
    }
    const auto batch = wire::parse_batch(payload);
    REQUIRE(batch.ok());
    const auto body = wire::decode_body(*batch);
    REQUIRE(body.ok());
    std::string out;
    JsonLines(out).batch({kOrigin, batch->header, *body, replica, duplicate});
    return out;
}

const std::string kPrefix =
    R"({"topic":"cx/1/acme/paris/box-7/up/live/kpi","tenant":"acme","site":"paris","node":"box-7",)"
    R"("epoch":"0123456789abcdef","lane":1,"seq":9,"backfill":false,"time_ms":1700000000000,)";

}  // namespace

TEST_CASE("json_lines: a sample has its origin, series and value", "[ctl]") {
    Node node("box-7");
    const SeriesId in = node.define(
        Kind::delta, "store.footfall.in", "{person}", {{"door", "main \"A\""}, {"floor", "0"}}
    );
    CHECK(
        lines_of(node, node.one(in, 3.0, 9)) ==
        kPrefix + R"("metric":"store.footfall.in","unit":"{person}",)"
                  R"("dims":{"door":"main \"A\"","floor":"0"},"kind":"delta","value":3})"
                  "\n"
    );
}

TEST_CASE("json_lines: a sample without dimensions, off the decimal grid", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "box.temperature", "Cel");
    CHECK(
        lines_of(node, node.one(level, 21.4375, 9)) ==
        kPrefix +
            R"("metric":"box.temperature","unit":"Cel","dims":{},"kind":"gauge","value":21.4375})"
            "\n"
    );
    const double infinite = std::numeric_limits<double>::infinity();
    CHECK(
        lines_of(node, node.one(level, infinite, 9)).find(R"("value":"Infinity"})") !=
        std::string::npos
    );
}

TEST_CASE("json_lines: a lost sample keeps its time", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::counter, "probe.sent", "{packet}");
    CHECK(
        lines_of(node, node.one(level, Lost{}, 9)) ==
        kPrefix + R"("metric":"probe.sent","unit":"{packet}","dims":{},"kind":"counter",)"
                  R"("value":null,"lost":true})"
                  "\n"
    );
}

TEST_CASE("json_lines: a state has its index and its text", "[ctl]") {
    Node node("box-7");
    SeriesInfo info;
    info.key = {"door.state", {}};
    info.kind = Kind::state;
    info.unit = "1";
    info.states = {"closed", "open"};
    const SeriesId door = node.define(info);
    CHECK(
        lines_of(node, node.one(door, 1.0, 9)) ==
        kPrefix +
            R"("metric":"door.state","unit":"1","dims":{},"kind":"state","value":1,"state":"open"})"
            "\n"
    );
    CHECK(
        lines_of(node, node.one(door, 2.0, 9)).find(R"("value":2,"state":null})") !=
        std::string::npos
    );
    CHECK(
        lines_of(node, node.one(door, 0.5, 9)).find(R"("value":0.5,"state":null})") !=
        std::string::npos
    );
}

TEST_CASE("json_lines: a histogram has quantiles and buckets", "[ctl]") {
    Node node("box-7");
    const SeriesId wait = node.define(Kind::histogram, "store.queue.wait", "s");
    Histogram histogram;
    for (int i = 1; i <= 100; ++i) {
        histogram.record(i);
    }
    histogram.record(0);
    histogram.record(-2.5);
    const std::string line = lines_of(node, node.one(wait, histogram, 9));
    const auto object = nlohmann::json::parse(line);
    CHECK_FALSE(object.contains("value"));
    CHECK(object["kind"] == "histogram");
    CHECK(object["count"] == 102);
    CHECK(object["sum"] == 5047.5);
    CHECK(object["min"] == -2.5);
    CHECK(object["max"] == 100.0);
    CHECK(object["p50"].get<double>() == Approx(50).epsilon(0.03));
    CHECK(object["p95"].get<double>() == Approx(95).epsilon(0.03));
    CHECK(object["p99"].get<double>() == Approx(99).epsilon(0.03));
    std::uint64_t counted = 0;
    double up_to = -1e9;
    for (const auto& bucket : object["buckets"]) {
        CHECK(bucket[0].get<double>() >= up_to);
        CHECK(bucket[0].get<double>() <= bucket[1].get<double>());
        up_to = bucket[1].get<double>();
        counted += bucket[2].get<std::uint64_t>();
    }
    CHECK(counted == 102);
    CHECK(object["buckets"][0][0].get<double>() <= -2.5);
    CHECK(object["buckets"][0][1].get<double>() >= -2.5);
    CHECK(object["buckets"][1] == nlohmann::json::parse("[0,0,1]"));
}

TEST_CASE("json_lines: an event tells what happened", "[ctl]") {
    Node node("box-7");
    Event event;
    event.name = "plugin.crashed";
    event.severity = Severity::major;
    event.state = EventState::clear;
    event.id = EventId{0xAB, 1, 2, 3};
    event.time = at_wall(from_unix_ms(kStart));
    event.subject = "door";
    event.text = "exit 139\nagain";
    event.attrs = {{"signal", "SEGV"}};
    wire::BatchBuilder builder;
    builder.add(event);
    std::string expected = kPrefix;
    expected.replace(expected.find("\"lane\":1"), 8, "\"lane\":0");
    CHECK(
        lines_of(node, node.seal(builder, 9, Lane::control)) ==
        expected + R"("event":"plugin.crashed","severity":"major","state":"clear",)"
                   R"("id":"ab010203000000000000000000000000","subject":"door",)"
                   R"("text":"exit 139\nagain","attrs":{"signal":"SEGV"}})"
                   "\n"
    );
}

TEST_CASE("json_lines: what nobody will receive, and a clock that was set", "[ctl]") {
    const Node node("box-7");
    const SampleTime when = at_wall(from_unix_ms(kStart));
    wire::BatchBuilder builder;
    builder.add(wire::Declared<Gap>{when, {Lane::bulk, 0x1F, 7, 70, 8000, 3, GapCause::quota}});
    builder.add(wire::Declared<DeadLetter>{when, {Lane::live, kEpoch, 5, 200, 1, 0x87, 4}});
    builder.add(ClockStep{when, -5, 2500});
    std::string prefix = kPrefix;
    prefix.replace(prefix.find("\"lane\":1"), 8, "\"lane\":0");
    CHECK(
        lines_of(node, node.seal(builder, 9, Lane::control)) ==
        prefix +
            R"("gap":{"epoch":"000000000000001f","lane":2,"first_seq":7,"last_seq":70,)"
            R"("samples":8000,"events":3,"cause":"quota"}})"
            "\n" +
            prefix +
            R"("dead_letter":{"epoch":"0123456789abcdef","lane":1,"seq":5,"samples":200,)"
            R"("events":1,"reason":135,"attempts":4}})"
            "\n" +
            prefix +
            R"("clock_step":{"before_ms":-5,"after_ms":2500}})"
            "\n"
    );
}

TEST_CASE("json_lines: backfill, simulated and duplicate are marked", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    node.backfill = true;
    const std::string line = lines_of(node, node.one(level, 1.0, 9), true);
    CHECK(line.find(R"("backfill":true,"duplicate":true,"time_ms")") != std::string::npos);
}

TEST_CASE("json_lines: a node's state", "[ctl]") {
    std::string out;
    wire::NodeState state;
    state.online = true;
    state.boot = 4;
    state.session = 0x1F;
    state.version = "0.1.0";
    state.at = from_unix_ms(kStart);
    JsonLines(out).node_state({"cx/1/a/s/n/state", "a", "s", "n"}, state);
    CHECK(
        out ==
        R"({"topic":"cx/1/a/s/n/state","tenant":"a","site":"s","node":"n","online":true,"boot":4,)"
        R"("session":"000000000000001f","version":"0.1.0","time_ms":1700000000000})"
        "\n"
    );
}

}  // namespace cxedge::ctl
