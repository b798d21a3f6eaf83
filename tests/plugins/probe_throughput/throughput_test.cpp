// SPDX-License-Identifier: Apache-2.0
// The plugin before a real server, over lines of known rate.
#include <csignal>
#include <iostream>
#include <random>
#include <sstream>

#include "plugins/probe_throughput/probe_throughput.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/net_namespace.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;

constexpr std::chrono::seconds kServerPatience{30};
// Of an IP packet of 1,500 bytes: 20 IPv4, 20 TCP, 12 time stamps.
constexpr double kGoodput = 1'448.0 / 1'500.0;
constexpr std::uint64_t kSegment = 1'500;

class ByteServer {
public:
    explicit ByteServer(const std::string& host, const NetNamespace* there = nullptr)
        : process_(command(host, there)), host_(host) {
        const auto line = process_.line(kServerPatience);
        if (!line || !line->starts_with("port ")) {
            throw std::runtime_error("no server: " + line.value_or("it does not start"));
        }
        port_ = line->substr(5);
    }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://" + host_ + ":" + port_ + path;
    }
    // Bytes of all streams, both ways; ends it.
    std::uint64_t end() {
        process_.signal(SIGINT);
        std::istringstream text(process_.line_with("gave", kServerPatience).value_or(""));
        std::string word;
        std::uint64_t gave = 0;
        std::uint64_t took = 0;
        text >> word >> gave >> word >> took;
        return gave + took;
    }

private:
    static std::vector<std::string> command(const std::string& host, const NetNamespace* there) {
        const std::vector<std::string> argv{"/usr/bin/python3", THROUGHPUT_SERVER, host};
        return there == nullptr ? argv : there->inside(argv);
    }

    Process process_;
    std::string host_;
    std::string port_;
};

using ThroughputLab = ProbeLab<plugins::ProbeThroughput>;

bool lost(const Finding& finding, const std::string& metric, const std::string& dir) {
    return figure(finding, metric, "dir=" + dir).values.empty();
}

std::string facts(const Finding& finding) {
    std::string text = finding.detail;
    for (const auto& [name, value] : finding.facts) {
        text += "\n" + name + ": " + value;
    }
    return text;
}

bool skips_network() {
    if (ImpairedLink::available()) {
        return false;
    }
    std::cout << "skipped: needs root and /dev/net/tun\n";
    return true;
}

Impairment narrow(std::int64_t rate_kbit, int queue_ms) {
    Impairment line;
    line.rate_kbit = rate_kbit;
    line.delay = std::chrono::milliseconds(10);
    line.queue = std::chrono::milliseconds(queue_ms);
    return line;
}

constexpr std::uint64_t kBudget = 50'000'000;

// At any moment of its first tests.
void kill_often(const std::vector<std::string>& command, int kills) {
    std::mt19937 random(7);
    for (int i = 0; i < kills; ++i) {
        Process spender(command);
        REQUIRE(spender.line_with("ready", kServerPatience));
        static_cast<void>(spender.line(std::chrono::milliseconds(random() % 600)));
        spender.signal(SIGKILL);
        spender.wait(kServerPatience);
    }
}

std::uint64_t booked_in(const std::string& directory) {
    const SystemClock clock;
    const auto ledger =
        probes::Ledger(directory, "wan0").read(iso8601(clock.wall_now()).substr(0, 7));
    return ledger ? probes::total_of(*ledger).bytes : 0;
}

// Median time in the queue while the load was counted: the last 6.5 of 8 seconds.
double queue_of(const std::vector<AppliedDelay>& delays) {
    REQUIRE(delays.size() > 100);
    const auto begin = delays.back().taken - std::chrono::milliseconds(6'500);
    std::vector<AppliedDelay> loaded;
    std::copy_if(
        delays.begin(),
        delays.end(),
        std::back_inserter(loaded),
        [&](const AppliedDelay& each) { return each.taken >= begin; }
    );
    return std::chrono::duration<double>(percentile(loaded, 0.5)).count() - 0.010;
}

}  // namespace

TEST_CASE("probe_throughput: does what its cases say", "[probe_throughput]") {
    check_plugin({"probe_throughput", make_source<plugins::ProbeThroughput>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE(
    "probe_throughput: a narrow line, both ways, and its queue",
    "[probe_throughput][native][TCP_INFO]"
) {
    if (skips_network()) {
        return;
    }
    struct Leg {
        const char* dir;
        Direction direction;
        std::int64_t rate_kbit;
        std::string settings;
    };
    for (const Leg& leg :
         {Leg{"down", Direction::b_to_a, 16'000, ""},
          Leg{"up", Direction::a_to_b, 8'000, "download = false\n"}}) {
        const NetNamespace box;
        const NetNamespace far;
        const ImpairedLink line(box, far, narrow(leg.rate_kbit, 200), narrow(leg.rate_kbit, 200));
        ByteServer server(line.ipv4(End::b), &far);
        const NetNamespace::Inside inside(box);
        const std::string upload = "upload_url = \"" + server.url("/up") + "\"\n";
        ThroughputLab lab(
            "targets = \"http://x/\"\nmax_mib = 20\nmax_s = 8\nearly_stop = false\n" +
            leg.settings + (leg.settings.empty() ? "" : upload)
        );
        const Finding found = lab.run(server.url("/100000000"));
        INFO(facts(found));
        REQUIRE(found.result == ProbeResult::ok);
        const double rate = only_value(found, "net.throughput", std::string("dir=") + leg.dir);
        const double bloat = only_value(found, "net.bufferbloat", std::string("dir=") + leg.dir);
        const double truth_s = queue_of(line.delays(leg.direction));
        std::cout << leg.dir << ": " << rate / 1e6 << " Mbit/s of "
                  << static_cast<double>(leg.rate_kbit) * kGoodput / 1e3 << ", round trip +"
                  << bloat << " s, queue " << truth_s << " s\n";
        CHECK(rate == Approx(static_cast<double>(leg.rate_kbit) * 1e3 * kGoodput).epsilon(0.05));
        CHECK(bloat > 0.02);
        CHECK(bloat == Approx(truth_s).epsilon(0.25).margin(0.02));
        CHECK(figure(found, "net.tcp.retransmits", leg.dir).values.size() == 1);
    }
}

TEST_CASE("probe_throughput: ends when the rate is steady", "[probe_throughput]") {
    if (skips_network()) {
        return;
    }
    const NetNamespace box;
    const NetNamespace far;
    // Queue enough that no packet is lost: TCP is limited by the line alone.
    const ImpairedLink line(box, far, narrow(50'000, 5'000), narrow(10'000, 5'000));
    ByteServer server(line.ipv4(End::b), &far);
    const NetNamespace::Inside inside(box);
    ThroughputLab lab(
        "targets = \"http://x/\"\nmax_mib = 1000\nmax_s = 30\nstreams = 1\nrtt_by = \"none\""
    );
    const Finding found = lab.run(server.url("/1000000000"));
    INFO(facts(found));
    REQUIRE(found.result == ProbeResult::ok);
    CHECK(only_value(found, "net.throughput", "dir=down") == Approx(10e6 * kGoodput).epsilon(0.05));
    CHECK_THAT(facts(found), Catch::Contains("down ended by: a steady rate"));
    CHECK(only_value(found, "net.throughput.bytes", "dir=down") < 20e6);
    CHECK(found.figures.size() == 3);
}

TEST_CASE("probe_throughput: moves no more than it may", "[probe_throughput]") {
    ByteServer server("127.0.0.1");
    ThroughputLab lab(
        "targets = \"http://x/\"\nmax_mib = 64\nrtt_by = \"none\"\nupload_method = \"PUT\"\n"
        "upload_url = \"" +
        server.url("/up") + "\""
    );
    // A short file is asked for again and again.
    const Finding found = lab.run(server.url("/3000000"));
    INFO(facts(found));
    REQUIRE(found.result == ProbeResult::ok);
    constexpr double kMiB = 1'048'576;
    // libcurl hands over at most 16 KiB at once, each of four streams.
    CHECK(only_value(found, "net.throughput.bytes", "dir=down") >= 64 * kMiB);
    CHECK(only_value(found, "net.throughput.bytes", "dir=down") <= 64 * kMiB + 65'536);
    CHECK(only_value(found, "net.throughput.bytes", "dir=up") <= 64 * kMiB);
    CHECK(only_value(found, "net.throughput.bytes", "dir=up") > 10 * kMiB);
}

TEST_CASE("probe_throughput: tells what is wrong", "[probe_throughput][native][TCP_INFO]") {
    ByteServer server("127.0.0.1");
    ThroughputLab lab(
        // Two seconds, however fast the machine: a rate takes 40 ms.
        "targets = \"http://x/\"\nmax_mib = 100000\nmax_s = 2\nrtt_by = \"none\"\nupload_url = \"" +
        server.url("/up") + "\""
    );
    const Finding refused = lab.run("http://127.0.0.1:1/");
    CHECK(refused.result == ProbeResult::refused);
    CHECK(refused.step == "connect");
    CHECK_THAT(refused.detail, Catch::StartsWith("download: "));
    CHECK(lost(refused, "net.throughput", "down"));
    CHECK_FALSE(lost(refused, "net.throughput", "up"));  // the other direction is measured
    const Finding missing = lab.run(server.url("/nothing"));
    CHECK(missing.result == ProbeResult::bad_status);
    CHECK(lost(missing, "net.throughput", "down"));
    CHECK(lost(missing, "net.tcp.retransmits", "down"));
    const Finding empty = lab.run(server.url("/0"));
    CHECK(empty.result == ProbeResult::body_mismatch);
}

TEST_CASE("probe_throughput: a log-in page is no measurement", "[probe_throughput]") {
    ByteServer server("127.0.0.1");
    ThroughputLab down("targets = \"http://x/\"\nmax_mib = 1\nrtt_by = \"none\"");
    for (const char* const path : {"/page", "/portal"}) {
        const Finding finding = down.run(server.url(path));
        CHECK(finding.result == ProbeResult::body_mismatch);
        CHECK_THAT(finding.detail, Catch::Contains("captive portal"));
        CHECK(lost(finding, "net.throughput", "down"));
    }
    const auto sent_to = [&](const std::string& path) {
        ThroughputLab up(
            "targets = \"http://x/\"\nmax_mib = 1\nrtt_by = \"none\"\ndownload = false\n"
            "upload_url = \"" +
            server.url(path) + "\""
        );
        return up.run(server.url("/1000"));
    };
    const Finding elsewhere = sent_to("/portal");
    CHECK(elsewhere.result == ProbeResult::body_mismatch);
    CHECK_THAT(elsewhere.detail, Catch::Contains("was sent to localhost"));
    CHECK(lost(elsewhere, "net.throughput", "up"));
    CHECK_THAT(sent_to("/page").detail, Catch::Contains("a page with a form"));
}

TEST_CASE("probe_throughput: a round trip that nobody answers is lost", "[probe_throughput]") {
    if (skips_network()) {
        return;
    }
    const NetNamespace box;
    // What comes back on the loopback for an address that nobody has is dropped without a word.
    box.ip({"route", "add", "192.0.2.0/24", "dev", "lo"});
    ByteServer server("127.0.0.1", &box);
    const NetNamespace::Inside inside(box);
    for (const std::string by : {"icmp", "stamp"}) {
        INFO(by);
        ThroughputLab lab(
            "targets = \"http://x/\"\nmax_mib = 100000\nmax_s = 2\nrtt_target = \"192.0.2.1\"\n"
            "rtt_by = \"" +
            by + "\""
        );
        const Finding found = lab.run(server.url("/2000000000"));
        INFO(facts(found));
        CHECK(found.result == ProbeResult::ok);
        CHECK_FALSE(lost(found, "net.throughput", "down"));
        CHECK(lost(found, "net.bufferbloat", "down"));
    }
}

TEST_CASE("probe_throughput: tells of too few bytes", "[probe_throughput]") {
    ByteServer server("127.0.0.1");
    ThroughputLab lab(
        "targets = \"http://x/\"\nmax_mib = 0.1\nstreams = 1\nrtt_by = \"none\"\ndownload = false\n"
        "upload_url = \"" +
        server.url("/up") + "\""
    );
    const Finding found = lab.run("http://x/");
    CHECK(found.result == ProbeResult::ok);
    const bool told = found.detail == "upload: too few bytes to tell a rate";
    CHECK(told == lost(found, "net.throughput", "up"));
}

TEST_CASE("probe_throughput: may be taken down at any moment", "[probe_throughput]") {
    ByteServer server("127.0.0.1");
    ThroughputLab lab(
        "targets = \"http://x/\"\nmax_mib = 2000\nmax_s = 5\nrtt_by = \"none\"\nupload_url = \"" +
        server.url("/up") + "\""
    );
    for (const int ms : {0, 1, 3, 10, 50, 200}) {
        auto run = lab.source.make_run({"t", server.url("/1000000000")}, lab.context);
        bool done = false;
        run->begin([&](const Finding&) { done = true; });
        const LoopHandle timer = lab.loop.after(std::chrono::milliseconds(ms), [&] {
            run.reset();
            lab.loop.stop();
        });
        lab.loop.run();
        CHECK_FALSE(done);
    }
}

TEST_CASE("probe_throughput: a month's budget holds, across kill -9 too", "[probe_throughput]") {
    if (skips_network()) {
        return;
    }
    constexpr std::int64_t kRate = 100'000;
    for (const int kills : {0, 6}) {
        const TempDir dir;
        const NetNamespace box;
        const NetNamespace far;
        const ImpairedLink line(box, far, narrow(kRate, 100), narrow(kRate, 100));
        ByteServer server(line.ipv4(End::b), &far);
        const std::vector<std::string> command = box.inside(
            {SPENDER, dir.path().string(), server.url("/1000000000"), std::to_string(kBudget)}
        );
        kill_often(command, kills);
        Process spender(command);
        CHECK(spender.line_with("capped", std::chrono::seconds(60)));
        CHECK(spender.wait(kServerPatience) == 0);
        const std::uint64_t on_the_line =
            line.truth(Direction::a_to_b).bytes + line.truth(Direction::b_to_a).bytes;
        const std::uint64_t streams = server.end();
        const std::uint64_t booked = booked_in(dir.path().string());
        std::cout << kills << " kills, budget " << kBudget << ": IP bytes on the line "
                  << on_the_line << ", of streams " << streams << ", booked " << booked << "\n";
        CHECK(on_the_line <= kBudget + kSegment);
        CHECK(on_the_line <= booked);
        CHECK(streams <= on_the_line);
        // Each kill loses a grant at most: a sixteenth of what was left.
        CHECK(on_the_line > kBudget / 2);
    }
}

}  // namespace cxedge::test
