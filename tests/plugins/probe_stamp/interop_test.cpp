// SPDX-License-Identifier: Apache-2.0
// Other people's STAMP, TWAMP Light and round trips, side by side with ours.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "plugins/probe_stamp/probe_stamp.hpp"

#include "tests/plugins/probe_stamp/reflector_thread.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/slowness.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using plugins::ProbeStamp;
using probes::Finding;
using probes::ProbeResult;

constexpr auto kPeerPatience = 60s;  // scapy takes seconds to load
// Debian's: scapy is installed for that one.
const std::string kPython = "/usr/bin/python3";
const std::string kRun = "count = 10\nspacing_ms = 5\nwait_ms = 1000\n";

// stamp_peer.py as a reflector.
class PeerReflector {
public:
    explicit PeerReflector(const std::string& kind, const std::string& key = "")
        : process_(command(kind, key)) {
        port_ = next().at("port").get<int>();
    }
    // What it read of the next packet.
    json next() {
        const auto line = process_.line(kPeerPatience);
        REQUIRE(line);
        INFO(*line);
        const json read = json::parse(*line, nullptr, false);
        REQUIRE_FALSE(read.is_discarded());
        return read;
    }
    Finding probe(const std::string& settings) {
        ProbeLab<ProbeStamp> lab(kRun + settings);
        return lab.run("127.0.0.1:" + std::to_string(port_));
    }

private:
    static std::vector<std::string> command(const std::string& kind, const std::string& key) {
        std::vector<std::string> words{kPython, STAMP_PEER, "reflect", "127.0.0.1", kind};
        if (!key.empty()) {
            words.push_back(key);
        }
        return words;
    }
    Process process_;
    int port_ = 0;
};

std::vector<json> peer_sends(std::uint16_t port, const std::string& kind, const std::string& key) {
    std::vector<std::string> words{
        kPython, STAMP_PEER, "send", "127.0.0.1", std::to_string(port), "5", kind};
    if (!key.empty()) {
        words.push_back(key);
    }
    Process peer(words);
    std::vector<json> answers;
    while (const auto line = peer.line(kPeerPatience)) {
        INFO(*line);
        answers.push_back(json::parse(*line));
    }
    CHECK(peer.wait(kPeerPatience) == 0);
    return answers;
}

bool scapy_missing() {
    if (run({kPython, STAMP_PEER, "probe-scapy"}, kPeerPatience).status == 0) {
        return false;
    }
    WARN("skipped: needs scapy with scapy.contrib.stamp");
    return true;
}

double now_s() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void check_all_back(const Finding& found) {
    CHECK(found.result == ProbeResult::ok);
    CHECK(found.detail.empty());
    CHECK(figure(found, "net.udp.rtt").values.size() == 10);
    CHECK(figure(found, "net.udp.lost", "dir=round_trip").values == std::vector<double>{0});
    for (const double rtt : figure(found, "net.udp.rtt").values) {
        CHECK(rtt > 0);
        CHECK(rtt < 1.0 * slowness());
    }
}

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace

TEST_CASE("stamp interop: scapy reads and answers our packets", "[plugins][stamp]") {
    if (scapy_missing()) {
        return;
    }
    PeerReflector peer("scapy");
    const double before = now_s();
    check_all_back(peer.probe("payload_bytes = 172\n"));
    const double after = now_s();
    std::optional<int> session;
    for (int i = 0; i < 10; ++i) {
        const json read = peer.next();
        CHECK(read.at("seq") == i);
        CHECK(read.at("z") == 0);
        CHECK(read.at("size") == 172);
        CHECK(read.at("mbz") == 0);
        CHECK(read.at("tlvs") == json::parse(R"([[1, 124, 128]])"));
        // scapy's time is that of NTP, since 1900.
        const double time = read.at("time").get<double>();
        const double unix_time = time > 2'208'988'800.0 ? time - 2'208'988'800.0 : time;
        CHECK(unix_time > before - 1);
        CHECK(unix_time < after + 1);
        session = session.value_or(read.at("ssid").get<int>());
        CHECK(read.at("ssid") == *session);
    }
    CHECK(*session != 0);
}

TEST_CASE("stamp interop: our reflector answers scapy", "[plugins][stamp]") {
    if (scapy_missing()) {
        return;
    }
    const ReflectorThread reflector("listen = \"127.0.0.1:0\"\n", nullptr, [] {
        return clock_that_is(true, 500);
    });
    const std::vector<json> answers = peer_sends(reflector.port(), "scapy", "");
    REQUIRE(answers.size() == 5);
    for (int i = 0; i < 5; ++i) {
        const json& answer = answers[static_cast<std::size_t>(i)];
        CHECK(answer.at("seq") == i);
        CHECK(answer.at("sender") == i);
        CHECK(answer.at("ssid") == 7);
        CHECK(answer.at("ttl") == 64);
        CHECK(answer.at("size") == 44);
        CHECK(answer.at("s") == 1);
        CHECK(answer.at("dwell").get<double>() >= 0);
        CHECK(answer.at("dwell").get<double>() < 1.0 * slowness());
    }
}

TEST_CASE("stamp interop: signed packets, both ways", "[plugins][stamp]") {
    const TempDir dir;
    const std::string file = dir.file("key");
    std::ofstream(file) << "correct-horse\n";
    const std::string signs = fmt::format("key_file = \"{}\"\n", file);
    PeerReflector peer("plain", "correct-horse");
    check_all_back(peer.probe(signs));
    const double now = now_s();
    for (int i = 0; i < 10; ++i) {
        const json read = peer.next();
        CHECK(read.at("seq") == i);
        CHECK(read.at("signed") == true);
        CHECK(read.at("size") == 112);
        CHECK(std::abs(read.at("time").get<double>() - now) < 60);
    }
    PeerReflector stranger("plain", "battery-staple");
    const Finding refused = stranger.probe(signs);
    CHECK(refused.result == ProbeResult::bad_status);
    CHECK(refused.step == "auth");
    CHECK(refused.detail.find("key_file") != std::string::npos);

    const ReflectorThread ours("listen = \"127.0.0.1:0\"\n" + signs);
    const std::vector<json> answers = peer_sends(ours.port(), "plain", "correct-horse");
    REQUIRE(answers.size() == 5);
    for (const json& answer : answers) {
        CHECK(answer.at("signed") == true);
        CHECK(answer.at("size") == 112);
        CHECK(answer.at("ttl") == 64);
        CHECK(answer.at("ssid") == 7);
    }
}

TEST_CASE("stamp interop: TWAMP Light and stateless reflectors", "[plugins][stamp]") {
    PeerReflector twamp("twamp");
    check_all_back(twamp.probe("payload_bytes = 100\n"));
    // One answer is lost, and it cannot tell on which way.
    PeerReflector stateless("stateless");
    const Finding found = stateless.probe("");
    CHECK(found.result == ProbeResult::ok);
    CHECK(figure(found, "net.udp.lost", "dir=round_trip").values == std::vector<double>{1});
    CHECK(figure(found, "net.udp.lost", "dir=forward").values.empty());
    CHECK(figure(found, "net.udp.lost", "dir=backward").values.empty());
    CHECK(figure(found, "net.udp.ipdv", "dir=forward").values.size() >= 7);
}

TEST_CASE("stamp interop: irtt finds the same round trip", "[plugins][stamp]") {
    const bool here = run({"/bin/sh", "-c", "command -v irtt"}).status == 0;
    if (!here || !ImpairedLink::available()) {
        WARN("skipped: needs irtt and root");
        return;
    }
    const NetNamespace a;
    const NetNamespace b;
    const ImpairedLink link(
        a, b, {.delay = 15ms, .jitter = 2ms, .seed = 3}, {.delay = 10ms, .jitter = 2ms, .seed = 4}
    );
    const ReflectorThread reflector("listen = \"0.0.0.0:0\"\n", &b);
    Process server(b.inside({"irtt", "server", "-b", link.ipv4(End::b) + ":2112"}));
    REQUIRE(server.line_with("starting", 20s));
    Process client(a.inside(
        {"irtt", "client", "-i", "10ms", "-d", "2s", "-Q", "-o", "-", link.ipv4(End::b) + ":2112"}
    ));
    Finding found;
    {
        const NetNamespace::Inside inside(a);
        ProbeLab<ProbeStamp> lab("count = 200\nspacing_ms = 10\n");
        found = lab.run(fmt::format("{}:{}", link.ipv4(End::b), reflector.port()));
    }
    const std::string said = client.rest(60s);
    const json theirs =
        json::parse(said.substr(std::min(said.find('{'), said.size())), nullptr, false);
    INFO(said.substr(0, 2'000));
    REQUIRE_FALSE(theirs.is_discarded());
    const double irtt = theirs.at("stats").at("rtt").at("median").get<double>() / 1e9;
    const double ours = median_of(figure(found, "net.udp.rtt").values);
    const double irtt_ipdv = theirs.at("stats").at("ipdv_send").at("mean").get<double>() / 1e9;
    const std::vector<double>& ipdv = figure(found, "net.udp.ipdv", "dir=forward").values;
    double mean_ipdv = 0;
    for (const double each : ipdv) {
        mean_ipdv += each / static_cast<double>(ipdv.size());
    }
    fmt::print(
        "rtt p50: irtt {:.3f} ms, ours {:.3f} ms; forward ipdv mean: irtt {:.3f} ms, ours {:.3f} "
        "ms\n",
        irtt * 1e3,
        ours * 1e3,
        irtt_ipdv * 1e3,
        mean_ipdv * 1e3
    );
    // Medians of 200 draws each from a spread of 4 ms. irtt looks at its clock itself: where it has
    // to wait for a processor, it finds more.
    CHECK(ours <= irtt + 0.5e-3);
    CHECK(ours >= irtt - 5e-3 * slowness());
    CHECK(mean_ipdv <= irtt_ipdv + 0.3e-3);
}

}  // namespace cxedge::test
