// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/modbus.hpp"

#include <algorithm>
#include <optional>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/modbus/modbus_bench.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using Values = std::vector<double>;

const std::string kU16 = "address = 0\nmetric = \"level\"\nunit = \"1\"\n";
const std::string kLevel = "level{device=slave-1}";

const SeriesInfo* series_named(const FakeHost& host, const std::string& name) {
    const auto found = std::find_if(host.series.begin(), host.series.end(), [&](const auto& info) {
        return to_string(info.key) == name;
    });
    return found == host.series.end() ? nullptr : &*found;
}

// The first look at the devices of devices.json, asked for once.
void feed_devices(CaseRun& run, Source& source) {
    static_cast<void>(source);
    const std::size_t wanted = read_lines(run.folder / "expected.txt").size();
    REQUIRE(run.host.run_until([&] { return run.host.readings.size() >= wanted; }));
}

}  // namespace

TEST_CASE("modbus: does what its cases say", "[plugins][modbus]") {
    std::optional<SerialLine> line;
    std::optional<ModbusDevices> devices;
    const auto prepare = [&](CaseRun& run) {
        const std::filesystem::path input = run.folder / "input" / "devices.json";
        if (std::filesystem::exists(input)) {
            line.emplace(run.dir);
            devices.emplace(run.dir);
            devices->hold(read_text(input));
            devices->serve_rtu(line->far);
        }
    };
    check_plugin({"modbus", make_source<plugins::Modbus>, feed_devices, prepare});
}

TEST_CASE("modbus: word orders and types of a real server", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"264": 1, "265": 9029, "400": 9029, "401": 1,
        "500": 16804, "501": 0}, "input": {"7": 65535}, "coil": {"3": true},
        "discrete": {"4": false, "5": true}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(R"(
[[source.slave]]
id = 1
name = "all"
[[source.slave.register]]
address = 265
base = 1
type = "u32"
kind = "counter"
metric = "high.first"
[[source.slave.register]]
reference = 40401
type = "u32"
word_order = "little"
kind = "counter"
metric = "low.first"
[[source.slave.register]]
address = 500
type = "f32"
metric = "temperature"
factor = 2
offset = -1
[[source.slave.register]]
reference = 30008
type = "i16"
metric = "signed"
[[source.slave.register]]
table = "coil"
address = 3
kind = "state"
states = ["closed", "open"]
metric = "coil"
[[source.slave.register]]
reference = 10005
metric = "discrete"
[[source.slave.register]]
table = "discrete"
address = 5
metric = "discrete.next"
)"));
    REQUIRE(bench.wait_for("discrete.next{device=all}", 1));
    CHECK(bench.values("high.first{device=all}") == Values{74'565});
    CHECK(bench.values("low.first{device=all}") == Values{74'565});
    CHECK(bench.values("temperature{device=all}") == Values{40});
    CHECK(bench.values("signed{device=all}") == Values{-1});
    CHECK(bench.values("coil{device=all}") == Values{1});
    CHECK(bench.values("discrete{device=all}") == Values{0});
    CHECK(bench.values("device.up{device=all}") == Values{1});
    CHECK(series_named(bench.run.host, "high.first{device=all}")->counter_bits == 32);
    CHECK(bench.devices.requests().size() == 6);
}

TEST_CASE("modbus: trap: a counter of 16 bits wraps and says so", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 65530}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16 + "kind = \"counter\"\n")));
    REQUIRE(bench.wait_for(kLevel, 65'530));
    bench.devices.hold(R"({"1": {"holding": {"0": 4}}})");
    REQUIRE(bench.wait_for(kLevel, 4));
    const SeriesInfo* const info = series_named(bench.run.host, kLevel);
    REQUIRE(info != nullptr);
    CHECK(info->kind == Kind::counter);
    CHECK(info->counter_bits == 16);
}

TEST_CASE("modbus: trap: a power cycle sets the count back to zero", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"264": 3, "265": 500}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(
        1,
        "address = 264\ntype = \"u32\"\nkind = \"counter\"\nmetric = \"level\"\n"
        "resets_at = \"00:00\"\n"
    )));
    REQUIRE(bench.wait_for(kLevel, 197'108));
    bench.devices.hold(R"({"1": {"fault": "silent"}})");
    REQUIRE(bench.wait_for("device.up{device=slave-1}", 0));
    // A counter that waits loses nothing: no loss is told.
    CHECK(bench.lost(kLevel) == 0);
    bench.devices.hold(R"({"1": {"holding": {"264": 0, "265": 2}}})");
    REQUIRE(bench.wait_for(kLevel, 2));
    CHECK(bench.values("device.up{device=slave-1}").back() == 1);
    CHECK(series_named(bench.run.host, kLevel)->resets_at == std::chrono::minutes(0));
}

TEST_CASE("modbus: trap: one dead slave does not stall the bus", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(
        R"({"1": {"holding": {"0": 5}}, "2": {"fault": "silent"}, "3": {"holding": {"0": 7}}})"
    );
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16) + modbus_slave(2, kU16) + modbus_slave(3, kU16)));
    REQUIRE(bench.wait_for("device.up{device=slave-2}", 0));
    REQUIRE(bench.wait_more(kLevel, 30));
    const std::vector<std::string> asked = bench.devices.requests();
    const auto dead = std::count(asked.begin(), asked.end(), "2 holding 0 1");
    CHECK(dead >= 1);
    // Twice at first, then once after 1 s, 2 s, 4 s: 30 readings take about 1.5 s.
    CHECK(dead <= 5);
    CHECK(bench.values("level{device=slave-3}").size() > 20);
    CHECK(bench.values("level{device=slave-2}").empty());
    CHECK(bench.lost("level{device=slave-2}") > 10);
    CHECK(bench.values("device.up{device=slave-1}").back() == 1);
    CHECK(bench.problem() == "slave-2: no answer");
}

TEST_CASE("modbus: a gateway's word about a dead slave counts like silence", "[plugins][modbus]") {
    // modbus_server.py has no gateway exceptions: an answer by hand, of a unit that is away.
    plugins::SlaveRules rules;
    rules.name = "far";
    rules.registers.resize(1);
    rules.registers.front().info.key.metric = "level";
    plugins::SlavePoll poll(rules);
    poll.begin();
    const SteadyTime now{};
    CHECK_FALSE(poll.take({plugins::ReadFault::gateway, "exception 11", {}}, now));
    CHECK(poll.problem() == "exception 11");
    CHECK_FALSE(poll.is_due(now));
    const devices::Report report = poll.finish(true);
    REQUIRE(report.devices.size() == 1);
    CHECK(report.devices.front().up == false);
    REQUIRE(report.readings.size() == 1);
    CHECK(report.readings.front().lost);
}

TEST_CASE("modbus: a dead slave's states are lost, its counters not", "[plugins][modbus]") {
    plugins::SlaveRules rules;
    rules.name = "far";
    for (const Kind kind : {Kind::gauge, Kind::state, Kind::counter}) {
        plugins::RegisterRule& rule = rules.registers.emplace_back();
        rule.info.key.metric = "of." + std::string(to_string(kind));
        rule.info.kind = kind;
    }
    plugins::SlavePoll poll(rules);
    const auto lost_of = [](const devices::Report& report) {
        std::vector<std::string> metrics;
        for (const devices::Reading& reading : report.readings) {
            CHECK(reading.lost);
            metrics.push_back(reading.info.key.metric);
        }
        return metrics;
    };
    const std::vector<std::string> expected{"of.gauge", "of.state"};
    CHECK(lost_of(poll.all_lost(true)) == expected);
    poll.begin();
    CHECK_FALSE(poll.take({plugins::ReadFault::silent, "no answer", {}}, SteadyTime{}));
    CHECK(lost_of(poll.finish(true)) == expected);
}

TEST_CASE("modbus: who does not answer is asked more and more seldom", "[plugins][modbus]") {
    plugins::SlaveRules rules;
    rules.registers.resize(1);
    plugins::SlavePoll poll(rules);
    SteadyTime now{};
    std::vector<std::int64_t> pauses;
    for (int i = 0; i < 8; ++i) {
        poll.begin();
        CHECK_FALSE(poll.take({plugins::ReadFault::silent, "no answer", {}}, now));
        const SteadyTime before = now;
        while (!poll.is_due(now)) {
            now += std::chrono::seconds(1);
        }
        pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(now - before).count());
    }
    CHECK(pauses == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60});
    poll.begin();
    CHECK(poll.take({plugins::ReadFault::none, "", {3}}, now));
    CHECK(poll.is_due(now));
    CHECK(poll.finish(false).readings.size() == 1);
}

TEST_CASE("modbus: trap: a device that answers one register only", "[plugins][modbus]") {
    ModbusBench bench;
    const std::string fault = GENERATE("single", "short");
    bench.devices.hold(
        R"({"1": {"holding": {"0": 5, "1": 6, "2": 1, "3": 9029}, "fault": ")" + fault + "\"}}"
    );
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(
        modbus_slave(1, kU16) +
        "[[source.slave.register]]\naddress = 1\nmetric = \"next\"\n"
        "[[source.slave.register]]\naddress = 2\nmetric = \"wide\"\ntype = \"u32\"\n"
    ));
    REQUIRE(bench.wait_for("wide{device=slave-1}", 74'565));
    CHECK(bench.values(kLevel).front() == 5);
    CHECK(bench.values("next{device=slave-1}").front() == 6);
    CHECK(bench.values("device.bad_elements{source=test}").empty());
    CHECK(bench.run.host.logged("slave-1 refuses 4 registers at once"));
    // From then on nothing is refused any more.
    const std::size_t before = bench.devices.requests().size();
    REQUIRE(bench.wait_more(kLevel, 3));
    std::vector<std::string> asked = bench.devices.requests();
    asked.erase(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(before));
    CHECK(std::all_of(asked.begin(), asked.end(), [](const std::string& line) {
        return line.ends_with(" 1");
    }));
}

TEST_CASE("modbus: an address that is not there spares its neighbours", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(
        modbus_slave(1, kU16) + "[[source.slave.register]]\naddress = 1\nmetric = \"absent\"\n"
    ));
    REQUIRE(bench.wait_more(kLevel, 3));
    CHECK(bench.values("absent{device=slave-1}").empty());
    CHECK(bench.lost("absent{device=slave-1}") >= 2);
    CHECK(bench.values("device.up{device=slave-1}") == Values{1});
    REQUIRE(bench.run.host.events.size() == 1);
    CHECK(bench.run.host.events.front().name == "device.bad_element");
    CHECK(
        bench.run.host.events.front().text ==
        "slave-1: absent, holding 1: exception 2: the device has no such address"
    );
    CHECK(bench.problem().empty());
}

TEST_CASE("modbus: a device that fails or is busy says why", "[plugins][modbus]") {
    ModbusBench bench;
    const auto [fault, text] = GENERATE(table<std::string, std::string>(
        {{"busy", "exception 6: the device is busy"}, {"failed", "exception 4: the device failed"}}
    ));
    bench.devices.hold(R"({"1": {"holding": {"0": 5}, "fault": ")" + fault + "\"}}");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16)));
    REQUIRE(bench.run.host.run_until([&] { return bench.lost(kLevel) >= 2; }));
    REQUIRE(bench.run.host.events.size() == 1);
    CHECK(bench.run.host.events.front().text.ends_with(text));
    CHECK(bench.values("device.up{device=slave-1}") == Values{1});
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}})");
    CHECK(bench.wait_for(kLevel, 5));
}

TEST_CASE("modbus: half an answer, noise and dripping are no answer", "[plugins][modbus]") {
    ModbusBench bench;
    const std::string fault = GENERATE("half", "noise", "slow", "hangup");
    const std::string wrong = R"({"holding": {"0": 9}, "fault": ")" + fault + "\"}";
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}, "2": )" + wrong + "}");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16) + modbus_slave(2, kU16)));
    REQUIRE(bench.wait_for("device.up{device=slave-2}", 0));
    REQUIRE(bench.wait_more(kLevel, 5));
    CHECK(bench.values("level{device=slave-2}").empty());
    CHECK(bench.problem().rfind("slave-2: ", 0) == 0);
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}, "2": {"holding": {"0": 9}}})");
    REQUIRE(bench.wait_for("level{device=slave-2}", 9));
    CHECK(bench.problem().empty());
    CHECK(bench.run.host.logged("slave-2 answers again"));
}

TEST_CASE("modbus: a late answer is not taken for that of the next slave", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(
        R"({"1": {"holding": {"0": 5}}, "2": {"holding": {"0": 9}, "fault": "late"}})"
    );
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16) + modbus_slave(2, kU16)));
    REQUIRE(bench.wait_more(kLevel, 20));
    const Values all = bench.values(kLevel);
    CHECK(std::all_of(all.begin(), all.end(), [](double value) { return value == 5; }));
    CHECK(bench.values("level{device=slave-2}").empty());
}

TEST_CASE("modbus: a gateway that closes after each answer is no error", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 5}, "fault": "idle"}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16)));
    REQUIRE(bench.wait_more(kLevel, 10));
    CHECK(bench.lost(kLevel) == 0);
    CHECK(bench.run.host.problems.empty());
    CHECK(bench.values("device.up{device=slave-1}") == Values{1});
}

TEST_CASE("modbus: a server that is killed and comes back", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}, "2": {"holding": {"0": 6}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16) + modbus_slave(2, kU16)));
    REQUIRE(bench.wait_for("level{device=slave-2}", 6));
    bench.devices.kill();
    REQUIRE(bench.wait_for("device.up{device=slave-2}", 0));
    REQUIRE(bench.wait_for("device.up{device=slave-1}", 0));
    REQUIRE(bench.run.host.run_until([&] { return bench.lost(kLevel) > 2; }));
    CHECK(bench.problem().find("is not reachable: ") != std::string::npos);
    bench.devices.hold(R"({"1": {"holding": {"0": 7}}, "2": {"holding": {"0": 8}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.wait_for(kLevel, 7));
    REQUIRE(bench.wait_for("level{device=slave-2}", 8));
    CHECK(bench.problem().empty());
    CHECK(bench.values("device.up{device=slave-1}").back() == 1);
}

TEST_CASE("modbus: nobody there at the start is a problem, not a failure", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}})");
    bench.devices.serve_tcp();  // for a port that is free
    bench.devices.kill();
    REQUIRE(bench.start_tcp(modbus_slave(1, kU16)));
    REQUIRE(bench.wait_for("device.up{device=slave-1}", 0));
    CHECK(bench.problem().find("is not reachable: ") != std::string::npos);
    bench.devices.serve_tcp();
    CHECK(bench.wait_for(kLevel, 5));
}

TEST_CASE("modbus: what is cleared by reading is a delta, asked for once", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(
        "[[source.slave]]\nid = 1\n[[source.slave.register]]\n" + kU16 +
        "kind = \"delta\"\nclear_on_read = true\n"
    ));
    REQUIRE(bench.wait_for(kLevel, 5));
    CHECK(bench.devices.requests() == std::vector<std::string>{"1 holding 0 1"});
    CHECK(series_named(bench.run.host, kLevel)->kind == Kind::delta);
}

TEST_CASE("modbus: a state without a name and no number are told", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"holding": {"0": 2, "1": 32704, "2": 0}}})");
    bench.devices.serve_tcp();
    REQUIRE(bench.start_tcp(
        modbus_slave(1, kU16 + "kind = \"state\"\nstates = [\"closed\", \"open\"]\n") +
        "[[source.slave.register]]\naddress = 1\ntype = \"f32\"\nmetric = \"nothing\"\n"
    ));
    REQUIRE(bench.run.host.run_until([&] { return bench.lost("nothing{device=slave-1}") > 0; }));
    CHECK(bench.values(kLevel).empty());
    CHECK(bench.run.host.logged("a state that has no name"));
    CHECK(bench.run.host.logged("not a finite number"));
}

}  // namespace cxedge::test
