// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <fmt/core.h>
#include <sys/socket.h>

#include "plugins/radio_wifi/bss_name.hpp"
#include "plugins/radio_wifi/radio_wifi.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/plugins/radio/fake_air.hpp"
#include "tests/plugins/radio/finding_text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/probe_lab.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;

// What the fakes of this thread's labs answer from.
std::shared_ptr<Air>& the_air() {
    static std::shared_ptr<Air> air = std::make_shared<Air>();
    return air;
}

struct AiredWifi : plugins::RadioWifi {
    AiredWifi() : RadioWifi([] { return std::make_unique<FakeWifi>(the_air()); }) {}
};

// A lab before a kernel of its own.
struct WifiLab {
    explicit WifiLab(Air what, const std::string& settings = "plugin = \"radio_wifi\"\n")
        : air(std::make_shared<Air>(std::move(what))), lab(settings) {}
    Finding run(const std::string& address = "auto") {
        the_air() = air;
        return lab.run(address);
    }
    // That question is not answered.
    Finding run_mute(int command) {
        const auto patience = std::exchange(lab.context.timeout, std::chrono::milliseconds(20));
        air->mute = command;
        Finding finding = run();
        air->mute = -1;
        lab.context.timeout = patience;
        return finding;
    }

    std::shared_ptr<Air> air;
    ProbeLab<AiredWifi> lab;
};

std::vector<int> commands_of(const Air& air) {
    std::vector<int> all;
    for (const WifiRequest& request : air.requests) {
        all.push_back(request.command);
    }
    return all;
}

}  // namespace

TEST_CASE("wifi: figures of a recorded conversation", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    const Finding finding = wifi.run();
    INFO(text_of(finding));
    CHECK(finding.result == ProbeResult::ok);
    CHECK(value(finding, "wifi.connected", "ifname=wlan0") == 1);
    CHECK(value(finding, "wifi.rssi") == -57);
    CHECK(value(finding, "wifi.signal_avg") == -55);
    CHECK(value(finding, "wifi.noise") == -95);
    CHECK(value(finding, "wifi.snr") == 38);
    CHECK(value(finding, "wifi.frequency") == 5.18e9);
    CHECK(value(finding, "wifi.tx_bitrate") == Approx(866.7e6));
    CHECK(value(finding, "wifi.rx_bitrate") == Approx(9608e6));
    CHECK(value(finding, "wifi.tx_retry") == 1234);
    CHECK(value(finding, "wifi.tx_failed") == 7);
    const SeriesInfo& retries = figure(finding, "wifi.tx_retry").info;
    CHECK(retries.kind == Kind::counter);
    CHECK(retries.counter_bits == 32);
    CHECK(figure(finding, "wifi.connected").info.states == std::vector<std::string>{"no", "yes"});
    CHECK_FALSE(value(finding, "wifi.channel_busy"));  // nothing to compare with yet
    CHECK(finding.events.empty());
}

TEST_CASE("wifi: the kernel is asked what it understands", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    REQUIRE(wifi.run().result == ProbeResult::ok);
    const std::vector<WifiRequest>& requests = wifi.air->requests;
    REQUIRE(requests.size() == 4);
    CHECK(requests[0].family == GENL_ID_CTRL);
    CHECK(requests[0].command == CTRL_CMD_GETFAMILY);
    CHECK(requests[0].family_name == "nl80211");
    for (std::size_t i = 1; i < requests.size(); ++i) {
        CHECK(requests[i].family == kFamily);
        CHECK((requests[i].flags & NLM_F_DUMP) == NLM_F_DUMP);
        CHECK(requests[i].interface_index == (i == 1 ? 0U : 3U));
        CHECK(requests[i].seq > requests[i - 1].seq);
    }
    CHECK(
        commands_of(*wifi.air) ==
        std::vector<int>{
            CTRL_CMD_GETFAMILY,
            NL80211_CMD_GET_INTERFACE,
            NL80211_CMD_GET_STATION,
            NL80211_CMD_GET_SURVEY}
    );
}

TEST_CASE("wifi: how busy the channel is comes from two looks", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    const auto busy_at = [&](const SurveyShape& shape) {
        wifi.air->surveys = {survey_attrs(3, shape)};
        return value(wifi.run(), "wifi.channel_busy");
    };
    CHECK_FALSE(busy_at({5180, true, 10'000, 2'500}));
    CHECK(busy_at({5180, true, 40'000, 11'500}) == Approx(0.3));
    CHECK_FALSE(busy_at({5180, true, 40'000, 11'500}));  // no time has passed for it
    CHECK(busy_at({5180, true, 41'000, 11'500}) == 0);
    CHECK_FALSE(busy_at({5180, true, 1'000, 500}));  // counted anew
    CHECK(busy_at({5180, true, 2'000, 1'500}) == 1);
    CHECK_FALSE(busy_at({5180, true, 3'000, 9'500}));  // more than there was: nonsense
    CHECK_FALSE(busy_at({2437, true, 9'000, 9'600}));  // another channel
    // Between them a look that failed.
    CHECK_FALSE(value(wifi.run_mute(NL80211_CMD_GET_SURVEY), "wifi.channel_busy"));
    CHECK_FALSE(busy_at({2437, true, 11'000, 9'800}));
    CHECK(busy_at({2437, true, 12'000, 9'900}) == Approx(0.1));
}

TEST_CASE("wifi: a driver that marks no channel, and one that tells none", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    wifi.air->surveys = {
        survey_attrs(3, {2412, false, 5, 1}), survey_attrs(3, {5180, false, 5, 1})};
    CHECK(value(wifi.run(), "wifi.noise") == -95);
    WifiLab silent(Air::connected());
    silent.air->dump_errors[NL80211_CMD_GET_SURVEY] = EOPNOTSUPP;
    const Finding finding = silent.run();
    CHECK(finding.result == ProbeResult::ok);
    CHECK(value(finding, "wifi.rssi") == -57);
    CHECK_THROWS(figure(finding, "wifi.noise"));  // no series that is lost for ever
}

TEST_CASE("wifi: without a network all figures are losses in their slot", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    const Finding before = wifi.run();
    for (const int error : {0, ENODEV}) {  // none, or removed between the questions
        wifi.air->stations.clear();
        wifi.air->dump_errors = {{NL80211_CMD_GET_STATION, error}};
        const Finding finding = wifi.run();
        CHECK(finding.result == ProbeResult::no_route);
        CHECK(finding.step == "association");
        CHECK(finding.detail == "wlan0 is not connected to a network");
        CHECK(series_of(finding) == series_of(before));
        CHECK(value(finding, "wifi.connected") == 0);
        CHECK_FALSE(value(finding, "wifi.rssi"));
    }
    wifi.air->dump_errors.clear();
    // A neighbour that this client talks to directly, and one whose key is not checked yet.
    wifi.air->stations = {
        station_attrs(3, {-30, 1, 1, 1U << NL80211_STA_FLAG_TDLS_PEER | 2U, kAccessPoint}),
        station_attrs(3, {-31, 1, 1, 1U << NL80211_STA_FLAG_ASSOCIATED, kAccessPoint})};
    CHECK(value(wifi.run(), "wifi.connected") == 0);
}

TEST_CASE("wifi: a failed look loses the same series", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    const Finding before = wifi.run();
    const Finding late = wifi.run_mute(NL80211_CMD_GET_STATION);
    CHECK(late.result == ProbeResult::timeout);
    CHECK(late.step == "driver");
    CHECK(series_of(late) == series_of(before));
    CHECK_FALSE(value(late, "wifi.connected"));
    wifi.air->garbled = NL80211_CMD_GET_INTERFACE;
    const Finding garbled = wifi.run();
    CHECK(garbled.result == ProbeResult::body_mismatch);
    CHECK(series_of(garbled) == series_of(before));
    wifi.air->garbled = -1;
    wifi.air->interfaces.clear();  // pulled out
    const Finding gone = wifi.run();
    CHECK(gone.result == ProbeResult::no_route);
    CHECK(gone.detail.find("no Wi-Fi here") == 0);
    CHECK(series_of(gone) == series_of(before));
    wifi.air->interfaces = {interface_attrs(3, "wlan0")};
    CHECK(wifi.run().result == ProbeResult::ok);
}

TEST_CASE("wifi: answers to an earlier question are nobody's", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    wifi.air->stale = true;
    CHECK(wifi.run().result == ProbeResult::ok);
}

TEST_CASE("wifi: what there is not, and what is forbidden, is said", "[plugins][radio]") {
    WifiLab none(Air::connected());
    none.air->family_error = ENOENT;
    const Finding no_driver = none.run();
    CHECK(no_driver.result == ProbeResult::no_route);
    CHECK(no_driver.step == "driver");
    CHECK(no_driver.detail.find("no Wi-Fi here: the kernel has no nl80211") == 0);
    for (const int error : {EAFNOSUPPORT, EPERM, EACCES}) {
        WifiLab jailed(Air::connected());
        jailed.air->open_error = error;
        const Finding finding = jailed.run();
        CHECK(finding.result == ProbeResult::no_permission);
        CHECK(finding.detail.find("AF_NETLINK") != std::string::npos);
    }
    WifiLab refused(Air::connected());
    refused.air->dump_errors[NL80211_CMD_GET_STATION] = EPERM;
    CHECK(refused.run().result == ProbeResult::no_permission);
}

TEST_CASE("wifi: who is no client is never asked for stations", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    wifi.air->interfaces = {
        interface_attrs(4, "ap0", NL80211_IFTYPE_AP), interface_attrs(5, "mon0", 6)};
    const Finding finding = wifi.run("ap0");
    CHECK(finding.result == ProbeResult::no_route);
    CHECK(finding.step == "interface");
    CHECK(finding.detail == "ap0 is no client of a network: it serves or watches one");
    CHECK_FALSE(value(finding, "wifi.rssi", "ifname=ap0"));  // its slot is lost all the same
    CHECK(commands_of(*wifi.air).back() == NL80211_CMD_GET_INTERFACE);
    WifiLab absent(Air::connected());
    const Finding other = absent.run("wlan7");
    CHECK(other.detail.find("there is no Wi-Fi interface wlan7 here") == 0);
    CHECK(commands_of(*absent.air).back() == NL80211_CMD_GET_INTERFACE);
}

TEST_CASE("wifi: every client, or that of the setting interface", "[plugins][radio]") {
    Air two = Air::connected();
    two.interfaces = {interface_attrs(3, "wlan0"), interface_attrs(8, "wlan1")};
    WifiLab all(two);
    const Finding finding = all.run();
    CHECK(finding.result == ProbeResult::ok);
    CHECK(value(finding, "wifi.connected", "ifname=wlan0") == 1);
    CHECK(value(finding, "wifi.connected", "ifname=wlan1") == 0);
    WifiLab one(two, "interface = \"wlan1\"\n");
    const Finding second = one.run();
    CHECK(second.result == ProbeResult::no_route);
    CHECK_THROWS(figure(second, "wifi.connected", "ifname=wlan0"));
}

TEST_CASE("wifi: neither network nor access point leaves the box", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    const std::string plain = text_of(wifi.run());
    WifiLab salted(Air::connected(), "bss_salt = \"store-17-secret\"\n");
    const Finding finding = salted.run();
    for (const std::string& text : {plain, text_of(finding)}) {
        CHECK(text.find("Shop") == std::string::npos);
        CHECK(text.find("3c4d5e") == std::string::npos);
        CHECK(text.find("3c:4d:5e") == std::string::npos);
    }
    CHECK(plain.find("bss") == std::string::npos);
    // python3: hmac.new(b"store-17-secret", bytes.fromhex("021a2b3c4d5e"), "sha256")
    CHECK(value(finding, "wifi.rssi", "bss=9cfd9b4c") == -57);
    CHECK(to_string(figure(finding, "wifi.connected").info.key) == "wifi.connected{ifname=wlan0}");
    const std::array<std::uint8_t, 6> other{0x02, 0x1a, 0x2b, 0x3c, 0x4d, 0x5f};
    CHECK(plugins::bss_name("store-17-secret", other) != "9cfd9b4c");
    // Roaming is another series; while there is none, that of the last one is lost.
    salted.air->stations = {station_attrs(3, {-40, 1, 5, 0xA2, "\x02\x1a\x2b\x3c\x4d\x5f"})};
    CHECK(series_of(salted.run()) != series_of(finding));
    const Finding roamed = salted.run();
    salted.air->stations.clear();
    CHECK(series_of(salted.run()) == series_of(roamed));
}

TEST_CASE("wifi: weak runs and short connections are events", "[plugins][radio]") {
    plugins::WifiSettings settings;
    settings.weak_runs = 2;
    settings.flaps = 3;
    plugins::WifiBook book("auto", settings);
    plugins::WifiView view;
    view.reached = plugins::WifiView::Step::all;
    view.links.resize(1);
    view.links[0].interface = {3, "wlan0", true, 5.18e9};
    plugins::WifiStation& station = view.links[0].access_point.emplace();
    const auto look = [&](int second, int rssi, std::uint32_t connected_s) {
        station.rssi_dbm = rssi;
        station.connected_s = connected_s;
        return book.take(view, false, SteadyTime(std::chrono::seconds(second))).events;
    };
    CHECK(look(0, -80, 500).empty());
    const std::vector<Event> weak = look(30, -80, 530);
    REQUIRE(weak.size() == 1);
    CHECK(weak[0].name == "coverage.degraded");
    CHECK(weak[0].text == "wlan0: RSSI is -80 dBm, under -75 dBm in 2 runs");
    // Twice connected anew between looks that both saw a connection.
    CHECK(look(60, -80, 12).empty());
    CHECK(look(90, -80, 42).empty());
    const std::vector<Event> flap = look(120, -80, 3);
    REQUIRE(flap.size() == 1);
    CHECK(flap[0].name == "link.flap");
}

TEST_CASE("wifi: a run may be taken away at any moment", "[plugins][radio]") {
    WifiLab wifi(Air::connected());
    the_air() = wifi.air;
    bool told = false;
    for (int turns = 0; turns < 6; ++turns) {
        auto run = wifi.lab.source.make_run({"auto", "auto"}, wifi.lab.context);
        run->begin([&](const Finding&) { told = true; });
        CHECK_FALSE(told);
        for (int i = 0; i < turns; ++i) {
            wifi.lab.loop.post([&] { wifi.lab.loop.stop(); });
            wifi.lab.loop.run();
        }
        const bool was_told = told;
        run.reset();
        for (int i = 0; i < 10; ++i) {
            wifi.lab.loop.post([&] { wifi.lab.loop.stop(); });
            wifi.lab.loop.run();
        }
        CHECK(told == was_told);
        told = false;
    }
}

TEST_CASE("wifi: the kernel of this machine", "[plugins][radio]") {
    ProbeLab<plugins::RadioWifi> lab("plugin = \"radio_wifi\"\n");
    const Finding finding = lab.run("auto");
    INFO(text_of(finding));
    // /proc/net/psched and the like know nothing of it: cfg80211 shows itself as a class of
    // devices.
    if (std::filesystem::exists("/sys/class/ieee80211")) {
        CHECK((finding.result == ProbeResult::ok || finding.result == ProbeResult::no_route));
        CHECK(finding.step != "driver");
    } else {
        CHECK(finding.result == ProbeResult::no_route);
        CHECK(finding.step == "driver");
        CHECK(finding.detail.find("no Wi-Fi here: the kernel has no nl80211") == 0);
        CHECK(finding.figures.empty());
    }
}

TEST_CASE("wifi: a source needs no settings and tells readings", "[plugins][radio]") {
    the_air() = std::make_shared<Air>(Air::connected());
    SystemClock clock;
    Running<AiredWifi> run;
    run.host.real_clock = &clock;
    REQUIRE(run.start("plugin = \"radio_wifi\"\ninterval_s = 0.1\nshared_dir = \"${dir}\"\n"));
    const std::string series = "wifi.rssi{ifname=wlan0,target=auto}";
    REQUIRE(run.host.run_until([&] { return run.host.values_of(series).size() >= 2; }));
    CHECK(run.host.values_of(series).front() == -57);
    CHECK(run.host.values_of("probe.result{target=auto,test=test}").front() == 0);
}

TEST_CASE("wifi: does what its cases say", "[plugins][radio]") {
    check_plugin({"radio_wifi", make_source<plugins::RadioWifi>, [](CaseRun&, Source&) {
                  }});
}

}  // namespace cxedge::test
