// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>

#include "plugins/radio_cell/radio_cell.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/plugins/radio/modem_bench.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;
using Lab = ProbeLab<plugins::RadioCell>;

// Says so and skips where Debian's D-Bus is missing.
bool no_bus() {
    if (!has_bus_daemon()) {
        WARN("skipped: needs dbus-daemon");
    }
    return !has_bus_daemon();
}

std::size_t count_of(const std::vector<std::string>& lines, const std::string& start) {
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [&](const std::string& line) { return line.find(start) == 0; }
    ));
}

// Until the modem manager has got a call of that kind, checked each turn of the run; then `act`.
LoopHandle once_called(
    Lab& lab, const ModemBench& bench, const std::string& start, const std::function<void()>& act
) {
    const auto done = std::make_shared<bool>(false);
    return lab.loop.every(std::chrono::milliseconds(10), [&bench, start, act, done] {
        if (!*done && count_of(bench.calls(), start) > 0) {
            *done = true;
            act();
        }
    });
}

}  // namespace

TEST_CASE("cell: figures of a modem that nobody has asked before", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.hold(modem_json(), kLteSignal);
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    const Finding finding = lab.run("auto");
    INFO(text_of(finding));
    CHECK(finding.result == ProbeResult::ok);
    CHECK(value(finding, "cell.rsrp", "modem=cdc-wdm0,tech=lte") == -97.5);
    CHECK(value(finding, "cell.rsrq") == -11);
    CHECK(value(finding, "cell.sinr") == 12.4);
    CHECK(value(finding, "cell.rssi") == -68);
    CHECK(value(finding, "cell.quality") == 72);
    const probes::Figure& state = figure(finding, "cell.state");
    CHECK(state.info.states.at(static_cast<std::size_t>(state.values.at(0))) == "connected");
    const probes::Figure& registration = figure(finding, "cell.registration");
    CHECK(
        registration.info.states.at(static_cast<std::size_t>(registration.values.at(0))) == "home"
    );
    const probes::Figure& tech = figure(finding, "cell.tech");
    CHECK(tech.info.states.at(static_cast<std::size_t>(tech.values.at(0))) == "lte");
    CHECK(value(finding, "cell.tech_changes") == 0);
    REQUIRE(finding.facts.size() == 1);
    CHECK(finding.facts[0].second == "26201 Telekom.de");
    // Once set up, it is only read.
    CHECK(lab.run("auto").result == ProbeResult::ok);
    CHECK(count_of(bench.calls(), "Setup " + kModem0 + " 10") == 1);
    CHECK(count_of(bench.calls(), "Setup") == 1);
    CHECK(count_of(bench.calls(), "GetManagedObjects") == 2);
    CHECK(count_of(bench.calls(), "GetLocation") == 0);
}

TEST_CASE("cell: a modem manager that begins anew is set up anew", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.hold(modem_json(), kLteSignal);
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\nsignal_rate_s = 7\n"));
    CHECK(lab.run("0").result == ProbeResult::ok);
    bench.manager->signal(SIGKILL);
    bench.manager->wait(kBusPatience);
    CHECK(lab.run("0").result == ProbeResult::no_route);
    bench.serve();
    CHECK(value(lab.run("0"), "cell.rsrp") == -97.5);
    CHECK(count_of(bench.calls(), "Setup " + kModem0 + " 7") == 2);
}

TEST_CASE("cell: nothing that identifies a modem, a SIM or a person gets out", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    const std::string location =
        R"j("location": {"1": ["s", "262,01,FFFE,01C3D704,5A2F"], "2": ["a{sv}", {}]})j";
    SystemClock clock;
    Running<plugins::RadioCell> run;
    run.host.real_clock = &clock;
    bench.hold(modem_json(), kLteSignal + ", " + location);
    bench.serve();
    REQUIRE(run.start(bench.settings(
        "interval_s = 0.2\ncell_id = true\noperator_dim = true\nshared_dir = \"${dir}\"\n"
    )));
    const std::string rsrp =
        "cell.rsrp{cell=26201-5A2F-01C3D704,modem=cdc-wdm0,operator=26201,target=auto,tech=lte}";
    REQUIRE(run.host.run_until([&] { return !run.host.values_of(rsrp).empty(); }));
    CHECK(run.host.values_of(rsrp).front() == -97.5);
    // Also errors of a modem manager that says too much.
    bench.hold(modem_json(), R"j("behave": {"GetManagedObjects": "error org.example.Bad"})j");
    const std::string result = "probe.result{target=auto,test=test}";
    REQUIRE(run.host.run_until([&] { return run.host.values_of(result).back() != 0; }));
    run.source.stop();
    std::string all;
    for (const auto& lines : {run.host.reading_lines(), run.host.logs, run.host.problems}) {
        for (const std::string& line : lines) {
            all += line + "\n";
        }
    }
    for (const Event& event : run.host.events) {
        all += event.subject + event.text;
    }
    CHECK(all.find("26201") != std::string::npos);
    for (const std::string& secret :
         {kImei,
          kPhone,
          std::string("262011234567890"),
          std::string("89490200001234567890"),
          std::string("deadbeef")}) {
        CHECK(all.find(secret) == std::string::npos);
    }
    Lab lab(bench.settings("timeout_s = 60\n"));
    const std::string refused = text_of(lab.run("auto"));
    CHECK(refused.find("bad_status modemmanager") == 0);
    CHECK(refused.find(kImei) == std::string::npos);
}

TEST_CASE("cell: technologies change, and what is no longer used is no loss", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    const std::string told =
        R"j(, "org.freedesktop.ModemManager1.Modem.Signal": {"Rate": ["u", 5], )j";
    ModemShape shape;
    shape.signal = told + R"j("Lte": ["a{sv}", {"rsrp": ["d", -90.0]}],
        "Nr5g": ["a{sv}", {"rsrp": ["d", -101.0], "snr": ["d", -1.7976931348623157e308]}]})j";
    shape.technologies = R"j(["u", 49152])j";
    bench.hold(modem_json(shape));
    const Finding both = lab.run("wwan0");
    INFO(text_of(both));
    CHECK(both.result == ProbeResult::ok);
    CHECK(value(both, "cell.tech") == 5);  // lte_nr
    CHECK(value(both, "cell.rsrp", "tech=lte") == -90);
    CHECK(value(both, "cell.rsrp", "tech=nr") == -101);
    CHECK_THROWS(figure(both, "cell.sinr"));  // unknown is the least number there is
    shape.signal = told + R"j("Umts": ["a{sv}", {"rssi": ["d", -80.0], "rscp": ["d", -88.0]}]})j";
    shape.technologies = R"j(["u", 64])j";
    bench.hold(modem_json(shape));
    const Finding umts = lab.run("wwan0");
    CHECK(value(umts, "cell.tech") == 2);
    CHECK(value(umts, "cell.tech_changes") == 1);
    CHECK(value(umts, "cell.rssi", "tech=umts") == -80);
    CHECK_THROWS(figure(umts, "cell.rsrp"));
    // Nothing known: the slots of those in use are lost.
    shape.state = 8;
    shape.signal = told + R"j("Umts": ["a{sv}", {}]})j";
    bench.hold(modem_json(shape));
    const Finding lost = lab.run("wwan0");
    CHECK(lost.result == ProbeResult::ok);
    CHECK(lost.detail == "cdc-wdm0 tells no signal figures but its quality");
    CHECK(series_of(lost) == series_of(umts));
    CHECK_FALSE(value(lost, "cell.rssi", "tech=umts"));
    // And the same when the modem is gone.
    bench.hold("");
    const Finding gone = lab.run("wwan0");
    CHECK(gone.result == ProbeResult::no_route);
    CHECK(gone.step == "modem");
    CHECK(series_of(gone) == series_of(umts));
    CHECK_FALSE(value(gone, "cell.state"));
    CHECK(count_of(bench.calls(), "Setup") == 0);  // somebody else has asked for figures
}

TEST_CASE("cell: why there is no network", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    const auto run = [&](int state) {
        ModemShape shape;
        shape.state = state;
        bench.hold(modem_json(shape), kLteSignal);
        return lab.run("auto");
    };
    CHECK(text_of(run(-1)).find("no_route modem cdc-wdm0 has failed") == 0);
    CHECK(text_of(run(2)).find("no_route sim cdc-wdm0: the SIM wants its PIN") == 0);
    CHECK(text_of(run(3)).find("no_route modem cdc-wdm0 is switched off") == 0);
    CHECK(count_of(bench.calls(), "Setup") == 0);  // a modem that is off measures nothing
    CHECK(text_of(run(7)).find("no_route registration cdc-wdm0 is not registered") == 0);
    CHECK(value(run(7), "cell.state") == 8);
    CHECK(
        text_of(lab.run("cdc-wdm9")).find("no_route modem ModemManager knows no such modem") == 0
    );
    // Quality that is only remembered is none.
    ModemShape old;
    old.quality = R"j(["(ub)", [72, false]])j";
    bench.hold(modem_json(old), kLteSignal);
    CHECK_FALSE(value(lab.run("auto"), "cell.quality"));
}

TEST_CASE("cell: properties of other types are told and left out", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    ModemShape shape;
    shape.quality = R"j(["s", "72"])j";
    bench.hold(modem_json(shape), kLteSignal);
    const Finding text = lab.run("auto");
    INFO(text_of(text));
    CHECK(text.result == ProbeResult::body_mismatch);
    CHECK(text.detail.find("SignalQuality of cdc-wdm0 has an unexpected type") == 0);
    CHECK_FALSE(value(text, "cell.quality"));
    CHECK(value(text, "cell.state") == 12);  // the rest counts
    CHECK(value(text, "cell.rsrp") == -97.5);
    shape = {};
    shape.technologies = R"j(["a(su)", [["lte", 4]]])j";
    shape.registration = R"j(["(ub)", [1, true]])j";
    shape.signal = R"j(, "org.freedesktop.ModemManager1.Modem.Signal": {"Rate": ["u", 5],
        "Lte": ["a{sv}", {"rsrp": ["s", "-90"], "snr": ["d", 3.0]}], "Gsm": ["d", 1.0]})j";
    bench.hold(modem_json(shape));
    const Finding more = lab.run("auto");
    CHECK(more.result == ProbeResult::body_mismatch);
    CHECK_FALSE(value(more, "cell.tech"));
    CHECK_FALSE(value(more, "cell.registration"));
    CHECK(value(more, "cell.sinr") == 3);
    // Numbers out of any range.
    shape = {};
    shape.state = 99;
    shape.registration = R"j(["u", 4000000000])j";
    shape.quality = R"j(["(ub)", [4000000000, true]])j";
    bench.hold(modem_json(shape), kLteSignal);
    const Finding wild = lab.run("auto");
    CHECK_FALSE(value(wild, "cell.state"));
    CHECK_FALSE(value(wild, "cell.registration"));
    CHECK_FALSE(value(wild, "cell.quality"));
    // An answer that is no list of objects.
    bench.hold_raw(R"j("objects": {}, "shape": "as")j");
    CHECK(text_of(lab.run("auto")).find("body_mismatch modemmanager") == 0);
}

TEST_CASE("cell: nobody there, or not allowed", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    TempDir nothing;
    Lab nowhere("plugin = \"radio_cell\"\nbus = \"unix:path=" + nothing.file("bus") + "\"\n");
    const Finding no_socket = nowhere.run("auto");
    CHECK(text_of(no_socket).find("no_route bus no D-Bus here") == 0);
    ModemBench empty;
    Lab alone(empty.settings());
    CHECK(text_of(alone.run("auto")).find("no_route modemmanager no ModemManager here") == 0);
    ModemBench strict(
        R"j(<deny send_interface="org.freedesktop.DBus.ObjectManager" send_member="GetManagedObjects"/>)j"
    );
    strict.hold(modem_json(), kLteSignal);
    strict.serve();
    Lab denied(strict.settings());
    CHECK(denied.run("auto").result == ProbeResult::no_permission);
    // polkit refuses what writes; what is read counts.
    ModemBench bench;
    bench.hold(
        modem_json(),
        R"j("behave": {"Setup": "error org.freedesktop.ModemManager1.Error.Core.Unauthorized"})j"
    );
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    const Finding finding = lab.run("auto");
    CHECK(finding.result == ProbeResult::no_permission);
    CHECK(finding.step == "signal");
    CHECK(finding.detail.find("org.freedesktop.ModemManager1.Device.Control") != std::string::npos);
    CHECK(value(finding, "cell.quality") == 72);
}

TEST_CASE("cell: who dies or keeps silent ends in time with a word", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    for (const std::string method : {"GetManagedObjects", "Setup"}) {
        ModemBench bench;
        bench.hold(modem_json(), "\"behave\": {\"" + method + "\": \"die\"}");
        bench.serve();
        Lab lab(bench.settings("timeout_s = 60\n"));
        const Finding dead = lab.run("auto");
        INFO(text_of(dead));
        CHECK(dead.result == ProbeResult::refused);
        CHECK(dead.step == "modemmanager");
    }
    ModemBench bench;
    bench.hold(modem_json(), R"j("behave": {"GetManagedObjects": "mute"})j");
    bench.serve();
    Lab hasty(bench.settings("timeout_s = 0.2\n"));
    const Finding mute = hasty.run("auto");
    CHECK(text_of(mute).find("timeout modemmanager ModemManager does not answer in time") == 0);
    // The modem is there, its first figures are not: what is known counts.
    hasty.context.timeout = std::chrono::seconds(2);
    bench.hold(modem_json(), R"j("signal": {})j");
    const Finding early = hasty.run("auto");
    CHECK(early.result == ProbeResult::ok);
    CHECK(early.detail == "cdc-wdm0 tells no signal figures but its quality");
    CHECK(value(early, "cell.quality") == 72);
    // The bus itself ends in the middle of a call.
    ModemBench ending;
    ending.hold(modem_json(), R"j("behave": {"GetManagedObjects": "mute"})j");
    ending.serve();
    Lab lab(ending.settings("timeout_s = 60\n"));
    const LoopHandle killer =
        once_called(lab, ending, "GetManagedObjects", [&] { ending.bus->signal(SIGKILL); });
    CHECK(lab.run("auto").result == ProbeResult::refused);
}

TEST_CASE("cell: a modem that is pulled out while it is asked", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.hold(
        modem_json(), R"j("behave": {"Setup": "error org.freedesktop.DBus.Error.UnknownObject"})j"
    );
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    CHECK(text_of(lab.run("auto")).find("no_route modem the modem was removed") == 0);
}

TEST_CASE("cell: weak and flapping coverage are events", "[plugins][radio]") {
    plugins::CellSettings settings;
    settings.weak_runs = 2;
    settings.flaps = 2;
    plugins::CellBook book(settings);
    plugins::CellView view;
    view.listed = true;
    plugins::ModemNote& modem = view.modems.emplace_back();
    modem.port = "cdc-wdm0";
    plugins::CellSignal& lte = modem.signals[static_cast<std::size_t>(plugins::CellTech::lte)];
    const auto look = [&](int second, double rsrp, int state) {
        lte.rsrp_dbm = rsrp;
        modem.state = state;
        return book.take(view, false, SteadyTime(std::chrono::seconds(second))).events;
    };
    CHECK(look(0, -118, 11).empty());
    const std::vector<Event> weak = look(30, -118, 11);
    REQUIRE(weak.size() == 1);
    CHECK(weak[0].text == "cdc-wdm0: RSRP is -118 dBm, under -115 dBm in 2 runs");
    CHECK(look(60, -118, 8).empty());  // data is gone
    CHECK(look(90, -118, 7).empty());  // and now the network
    const std::vector<Event> flap = look(120, -118, 8);
    REQUIRE(flap.size() == 1);
    CHECK(flap[0].name == "link.flap");
    // GSM has a limit of its own.
    lte = {};
    modem.signals[static_cast<std::size_t>(plugins::CellTech::gsm)].rssi_dbm = -80;
    modem.state = 8;
    CHECK(book.take(view, false, SteadyTime(std::chrono::seconds(150))).events.empty());
    CHECK(book.take(view, false, SteadyTime(std::chrono::seconds(180))).events.size() == 1);
}

TEST_CASE("cell: places of cells are read or refused", "[plugins][radio]") {
    CHECK(plugins::read_cell("262,01,FFFE,01C3D704,5A2F") == "26201-5A2F-01C3D704");
    CHECK(plugins::read_cell("310,260,8BE3,0B6A,0") == "310260-8BE3-0B6A");
    CHECK(plugins::read_cell("310,260,8BE3,0B6A") == "310260-8BE3-0B6A");
    for (const char* wrong :
         {"",
          ",,,",
          "262,01,FFFE",
          "262,01,FFFE,01C3D704,5A2F,7",
          "262,01,XY,01C3,0",
          "26 2,01,FFFE,1,2",
          "262,01,5A2F,12345678901234567,0"}) {
        CHECK(plugins::read_cell(wrong).empty());
    }
}

TEST_CASE("cell: a run may be taken away at any moment", "[plugins][radio]") {
    if (no_bus()) {
        return;
    }
    ModemBench bench;
    bench.hold(modem_json(), kLteSignal);
    bench.serve();
    Lab lab(bench.settings("timeout_s = 60\n"));
    int told = 0;
    for (int turns = 0; turns < 40; ++turns) {
        auto run = lab.source.make_run({"auto", "auto"}, lab.context);
        run->begin([&](const Finding&) { ++told; });
        for (int i = 0; i < turns; ++i) {
            const LoopHandle soon =
                lab.loop.after(std::chrono::milliseconds(1), [&] { lab.loop.stop(); });
            lab.loop.run();
        }
    }
    const int before = told;
    const LoopHandle soon = lab.loop.after(std::chrono::milliseconds(50), [&] { lab.loop.stop(); });
    lab.loop.run();
    CHECK(told == before);
    CHECK(lab.run("auto").result == ProbeResult::ok);
}

TEST_CASE("cell: does what its cases say", "[plugins][radio]") {
    check_plugin({"radio_cell", make_source<plugins::RadioCell>, [](CaseRun&, Source&) {
                  }});
}

}  // namespace cxedge::test
