// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/table.hpp"

#include "agent/base/printable.hpp"
#include "agent/ctl/human_text.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/ctl/node.hpp"

namespace cxedge::ctl {
namespace {

const Origin kOrigin{"cx/1/acme/paris/box-7/up/live/kpi", "acme", "paris", "box-7"};

class Shown {
public:
    explicit Shown(const Node& node) : table_(out_, Table::Zone::utc) {
        for (const auto& part : node.dictionary()) {
            REQUIRE(replica_.apply(part.payload).ok());
        }
        out_.clear();
    }
    std::string lines(const std::string& payload, bool duplicate = false) {
        const auto batch = wire::parse_batch(payload);
        REQUIRE(batch.ok());
        const auto body = wire::decode_body(*batch);
        REQUIRE(body.ok());
        out_.clear();
        table_.batch({kOrigin, batch->header, *body, replica_, duplicate});
        return out_;
    }

private:
    std::string out_;
    wire::DictionaryReplica replica_;
    Table table_;
};

std::string row(const std::string& metric, const std::string& dims, const std::string& value) {
    std::string text = "22:13:20.000  paris/box-7           " + metric;
    text += std::string(30 - metric.size(), ' ') + dims + std::string(26 - dims.size(), ' ');
    text += std::string(16 - value.size(), ' ') + value;
    return text;
}

}  // namespace

TEST_CASE("table: a heading, once", "[ctl]") {
    std::string out;
    const Table table(out, Table::Zone::utc);
    CHECK(out.rfind("TIME          SITE/NODE             METRIC ", 0) == 0);
    CHECK(out.back() == '\n');
}

TEST_CASE("table: increments grow a total of their own series", "[ctl]") {
    Node node("box-7");
    const SeriesId in =
        node.define(Kind::delta, "store.footfall.in", "{person}", {{"door", "main"}});
    const SeriesId out =
        node.define(Kind::delta, "store.footfall.out", "{person}", {{"door", "main"}});
    Shown shown(node);
    CHECK(
        shown.lines(node.one(in, 3.0, 1)) ==
        row("store.footfall.in", "door=main", "3 person") + "  3\n"
    );
    CHECK(
        shown.lines(node.one(in, 4.0, 2)) ==
        row("store.footfall.in", "door=main", "4 person") + "  7\n"
    );
    CHECK(
        shown.lines(node.one(out, 1.0, 3)) ==
        row("store.footfall.out", "door=main", "1 person") + "  1\n"
    );
    CHECK(
        shown.lines(node.one(in, 4.0, 2), true) ==
        row("store.footfall.in", "door=main", "4 person") + "  repeat\n"
    );
    CHECK(
        shown.lines(node.one(in, 1.0, 4)) ==
        row("store.footfall.in", "door=main", "1 person") + "  8\n"
    );
}

TEST_CASE("table: levels, losses, states and histograms", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "box.temperature", "Cel");
    SeriesInfo info;
    info.key = {"door.state", {}};
    info.kind = Kind::state;
    info.unit = "1";
    info.states = {"closed", "open"};
    const SeriesId door = node.define(info);
    const SeriesId wait = node.define(Kind::histogram, "wait", "s");
    Shown shown(node);
    CHECK(shown.lines(node.one(level, 21.5, 1)) == row("box.temperature", "", "21.5 Cel") + "\n");
    CHECK(shown.lines(node.one(level, Lost{}, 2)) == row("box.temperature", "", "lost") + "\n");
    CHECK(shown.lines(node.one(door, 1.0, 3)) == row("door.state", "", "open") + "\n");
    CHECK(shown.lines(node.one(door, 9.0, 4)) == row("door.state", "", "state 9") + "\n");
    Histogram histogram;
    histogram.record(2);
    CHECK(
        shown.lines(node.one(wait, histogram, 5)).find("n=1 p50=2 p95=2 max=2 s") !=
        std::string::npos
    );
    node.backfill = true;
    CHECK(
        shown.lines(node.one(level, 20.0, 6)) == row("box.temperature", "", "20 Cel") + "  late\n"
    );
}

TEST_CASE("table: an event cannot forge lines", "[ctl]") {
    Node node("box-7");
    Event event;
    event.name = "fb.rating";
    event.severity = Severity::warning;
    event.time = at_wall(from_unix_ms(kStart + 5));
    event.subject = "kiosk";
    event.text = "bad\n\x1B[2Jgone";
    wire::BatchBuilder builder;
    builder.add(event);
    Shown shown(node);
    CHECK(
        shown.lines(node.seal(builder, 1, Lane::control)) ==
        "22:13:20.005  paris/box-7           fb.rating [warning raise] kiosk: bad??[2Jgone\n"
    );
}

TEST_CASE("table: what nobody will receive is told at a glance", "[ctl]") {
    const Node node("box-7");
    const SampleTime when = at_wall(from_unix_ms(kStart));
    wire::BatchBuilder builder;
    Gap gap{Lane::live, kEpoch, 7, 70, 8000, 3, GapCause::quota};
    builder.add(wire::Declared<Gap>{when, gap});
    gap.last_seq = 7;
    builder.add(wire::Declared<Gap>{when, gap});
    gap.first_seq = gap.last_seq = 0;
    gap.cause = GapCause::overflow;
    builder.add(wire::Declared<Gap>{when, gap});
    DeadLetter dead{Lane::live, kEpoch, 5, 200, 1, 0x87, 4};
    builder.add(wire::Declared<DeadLetter>{when, dead});
    dead.reason = 0;
    builder.add(wire::Declared<DeadLetter>{when, dead});
    builder.add(ClockStep{when, 5000, 2500});
    Shown shown(node);
    const std::string place = "22:13:20.000  paris/box-7           ";
    CHECK(
        shown.lines(node.seal(builder, 1, Lane::control)) ==
        place + "GAP live seq 7-70: 8000 samples, 3 events (quota)\n" + place +
            "GAP live seq 7: 8000 samples, 3 events (quota)\n" + place +
            "GAP live without numbers: 8000 samples, 3 events (overflow)\n" + place +
            "DEAD LETTER live seq 5: 200 samples, 1 events (refused with 0x87, 4 attempts)\n" +
            place +
            "DEAD LETTER live seq 5: 200 samples, 1 events (too large to be sent, 4 attempts)\n" +
            place + "CLOCK STEP of -2.500 s\n"
    );
}

TEST_CASE("table: a node that goes", "[ctl]") {
    std::string out;
    Table table(out, Table::Zone::utc);
    out.clear();
    wire::NodeState state;
    state.version = "0.1.0";
    state.boot = 3;
    state.at = from_unix_ms(kStart);
    table.node_state(kOrigin, state);
    CHECK(out == "22:13:20.000  paris/box-7           OFFLINE, cxedge 0.1.0, boot 3\n");
}

TEST_CASE("table: the time of day is right after 2038", "[ctl]") {
    std::string out;
    Table table(out, Table::Zone::utc);
    out.clear();
    wire::NodeState state;
    state.version = "0.1.0";
    state.boot = 3;
    state.at = from_unix_ms(2'208'988'800'123 + 3'723'000);  // 2040-01-01T01:02:03
    table.node_state(kOrigin, state);
    CHECK(out == "01:02:03.123  paris/box-7           OFFLINE, cxedge 0.1.0, boot 3\n");
}

TEST_CASE("human_text: units, sizes and durations", "[ctl]") {
    CHECK(with_unit(3, "{person}") == "3 person");
    CHECK(with_unit(0.25, "1") == "0.25");
    CHECK(with_unit(1e6, "By") == "1000000 By");
    CHECK(with_unit(2, "{}") == "2 {}");
    CHECK(human_bytes(900) == "900 B");
    CHECK(human_bytes(1536) == "1.5 KiB");
    CHECK(human_bytes(256ULL << 20U) == "256.0 MiB");
    CHECK(human_bytes(5ULL << 50U) == "5120.0 TiB");
    CHECK(human_duration(0.44) == "0.4 s");
    CHECK(human_duration(59.9) == "59 s");
    CHECK(human_duration(125) == "2 min 5 s");
    CHECK(human_duration(7800) == "2 h 10 min");
    CHECK(human_duration(100 * 3600) == "4 d 4 h");
    CHECK(human_duration(-1) == "?");
    CHECK(printable("a\tb\x7F\xC3\xA9") == "a?b?\xC3\xA9");
}

}  // namespace cxedge::ctl
