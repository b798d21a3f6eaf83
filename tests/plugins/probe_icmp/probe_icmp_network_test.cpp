// SPDX-License-Identifier: Apache-2.0
// Against lines whose delay, loss, duplicates and reordering are known (root only).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>

#include <fmt/core.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/probe_icmp/probe_icmp.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;
using Inside = NetNamespace::Inside;
using Lab = ProbeLab<plugins::ProbeIcmp>;
using std::chrono::microseconds;
using std::chrono::milliseconds;

bool no_network() {
    if (!ImpairedLink::available()) {
        std::cout << "skipped: needs root, iproute2 and /dev/net/tun\n";
        return true;
    }
    return false;
}

// Two hosts and the line between them; probes run in `here`.
struct Net {
    explicit Net(const Impairment& there_way = {}, const Impairment& back_way = {})
        : link(here, there, there_way, back_way) {}
    [[nodiscard]] std::string far(bool v6) const {
        return v6 ? link.ipv6(End::b) : link.ipv4(End::b);
    }
    [[nodiscard]] Finding run(const std::string& settings, const std::string& address) const {
        const Inside inside(here);
        return Lab(settings).run(address);
    }

    NetNamespace here;
    NetNamespace there;
    ImpairedLink link;
};

std::string burst(int count, double spacing_s, const std::string& more = {}) {
    return fmt::format(
        "count = {}\nspacing_s = {}\nspacing_jitter_s = 0\nwait_s = 2\ntimeout_s = 60\n{}",
        count,
        spacing_s,
        more
    );
}

double median(std::vector<double> values) {
    REQUIRE_FALSE(values.empty());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// From the line's taking in a request to its handing over the reply, host b's own time included.
std::vector<double> true_trips(const ImpairedLink& link) {
    const auto requests = link.delays(Direction::a_to_b);
    const auto replies = link.delays(Direction::b_to_a);
    REQUIRE(requests.size() == replies.size());
    std::vector<double> trips;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const std::chrono::duration<double> trip =
            replies[i].taken + replies[i].delay - requests[i].taken;
        trips.push_back(trip.count());
    }
    return trips;
}

// What of a share `p` of `n` is credible: four standard deviations.
double binomial_error(double p, double n) {
    return 4 * std::sqrt(p * (1 - p) / n);
}

void drop_raw_sockets() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) == 0) {
        data[0].effective &= ~(1U << CAP_NET_RAW);
        static_cast<void>(::syscall(SYS_capset, &header, data));
    }
}

// As a process without CAP_NET_RAW: capabilities are a thread's own.
Finding run_without_raw(const NetNamespace& where, const std::string& address) {
    Finding finding;
    std::thread([&] {
        const Inside inside(where);
        drop_raw_sockets();
        finding = Lab(burst(3, 0.001)).run(address);
    }).join();
    return finding;
}

double seconds_of(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// "10.78.0.2 : 20.1 - 20.3": milliseconds, '-' is a loss.
struct PingResult {
    std::vector<double> rtt;
    int lost = 0;
};
PingResult read_fping(const std::string& output) {
    PingResult result;
    std::istringstream words(output.substr(output.find(" : ") + 3));
    for (std::string word; words >> word;) {
        if (word == "-") {
            ++result.lost;
        } else {
            result.rtt.push_back(std::stod(word) / 1000);
        }
    }
    return result;
}

}  // namespace

TEST_CASE("probe_icmp network: the median is the line's, within 50 us and 1 %", "[plugins]") {
    if (no_network()) {
        return;
    }
    const bool v6 = GENERATE(false, true);
    const microseconds delay(GENERATE(2'000, 20'000));
    Net net({.delay = delay, .jitter = microseconds(500)}, {.delay = delay});
    net.link.stay_awake();
    const Finding finding = net.run(burst(100, 0.004), net.far(v6));
    REQUIRE(finding.result == ProbeResult::ok);
    REQUIRE(only_value(finding, "net.icmp.lost") == 0);
    const double truth = median(true_trips(net.link));
    const double seen = median(figure(finding, "net.icmp.rtt").values);
    std::cout << fmt::format(
        "rtt p50: line {:.1f} us, probe {:+.1f} us\n", truth * 1e6, (seen - truth) * 1e6
    );
    CHECK(std::abs(seen - truth) <= 50e-6 + truth * 0.01);
}

TEST_CASE("probe_icmp network: what the line loses is lost, packet by packet", "[plugins]") {
    if (no_network()) {
        return;
    }
    const double burst_length = GENERATE(1.0, 4.0);
    constexpr double kLoss = 0.1;
    constexpr double kCount = 1'000;
    const Net net(
        {.delay = milliseconds(3), .loss = kLoss, .burst = burst_length},
        {.delay = milliseconds(3), .loss = kLoss, .burst = burst_length}
    );
    const Finding finding = net.run(burst(1'000, 0.001), net.far(false));
    const double lost = only_value(finding, "net.icmp.lost");
    CHECK(only_value(finding, "net.icmp.sent") == kCount);
    CHECK(figure(finding, "net.icmp.rtt").values.size() == 1'000 - static_cast<std::size_t>(lost));
    const auto dropped =
        net.link.truth(Direction::a_to_b).dropped + net.link.truth(Direction::b_to_a).dropped;
    CHECK(lost == static_cast<double>(dropped));
    if (burst_length == 1.0) {
        const double expected = 1 - (1 - kLoss) * (1 - kLoss);
        CHECK(std::abs(lost / kCount - expected) <= binomial_error(expected, kCount));
    }
}

TEST_CASE("probe_icmp network: duplicates are those of the line", "[plugins][probe_icmp]") {
    if (no_network()) {
        return;
    }
    const bool v6 = GENERATE(false, true);
    const Net net({.delay = milliseconds(2), .duplicate = 0.2}, {.delay = milliseconds(2)});
    const Finding finding = net.run(burst(200, 0.002), net.far(v6));
    CHECK(only_value(finding, "net.icmp.lost") == 0);
    const auto truth = net.link.truth(Direction::a_to_b).duplicated;
    CHECK(truth > 0);
    CHECK(only_value(finding, "net.icmp.duplicates") == static_cast<double>(truth));
    CHECK(only_value(finding, "net.icmp.reordered") == 0);
}

TEST_CASE("probe_icmp network: reordered are those that the line overtook", "[plugins]") {
    if (no_network()) {
        return;
    }
    const Net net(
        {.delay = milliseconds(2), .reorder = 0.1, .reorder_by = milliseconds(20)},
        {.delay = milliseconds(2)}
    );
    const Finding finding = net.run(burst(200, 0.002), net.far(false));
    CHECK(only_value(finding, "net.icmp.lost") == 0);
    CHECK(only_value(finding, "net.icmp.duplicates") == 0);
    const auto truth = net.link.truth(Direction::a_to_b).reordered;
    CHECK(truth > 0);
    CHECK(only_value(finding, "net.icmp.reordered") == static_cast<double>(truth));
}

TEST_CASE("probe_icmp network: fping beside it sees the same line", "[plugins][probe_icmp]") {
    if (no_network() || run({"sh", "-c", "command -v fping"}).status != 0) {
        std::cout << "skipped: needs fping\n";
        return;
    }
    const bool v6 = GENERATE(false, true);
    constexpr double kCount = 300;
    const Net net(
        {.delay = milliseconds(10), .loss = 0.1}, {.delay = milliseconds(10), .loss = 0.1}
    );
    Process fping(
        net.here.inside({"fping", "-q", "-C", "300", "-p", "10", "-t", "2000", net.far(v6)})
    );
    const Finding finding = net.run(burst(300, 0.01), net.far(v6));
    const PingResult oracle = read_fping(fping.rest(std::chrono::seconds(30)));
    REQUIRE(oracle.rtt.size() + static_cast<std::size_t>(oracle.lost) == 300);
    const double seen = median(figure(finding, "net.icmp.rtt").values);
    const double lost = only_value(finding, "net.icmp.lost");
    std::cout << fmt::format(
        "fping: p50 {:.1f} us, lost {}; probe: p50 {:.1f} us, lost {}\n",
        median(oracle.rtt) * 1e6,
        oracle.lost,
        seen * 1e6,
        lost
    );
    // fping's clock is its own calls: later than the kernel's by what the machine is busy.
    CHECK(std::abs(seen - median(oracle.rtt)) <= 1e-3);
    CHECK(std::abs(lost - oracle.lost) / kCount <= std::sqrt(2) * binomial_error(0.19, kCount));
}

TEST_CASE("probe_icmp network: says which socket it has", "[plugins][probe_icmp]") {
    if (no_network()) {
        return;
    }
    const std::string address = GENERATE("127.0.0.1", "::1");
    const NetNamespace host;
    host.sysctl("ipv4/ping_group_range", "1 0");
    const Finding none = run_without_raw(host, address);
    CHECK(none.result == ProbeResult::no_permission);
    CHECK(none.detail.find("net.ipv4.ping_group_range") != std::string::npos);
    CHECK(none.detail.find("CAP_NET_RAW") != std::string::npos);
    CHECK(only_value(none, "probe.icmp.socket") == 2);
    CHECK(figure(none, "net.icmp.rtt").values.empty());

    const auto run_with_raw = [&] {
        const Inside inside(host);
        return Lab(burst(3, 0.001)).run(address);
    };
    const Finding raw = run_with_raw();
    CHECK(raw.result == ProbeResult::ok);
    CHECK(only_value(raw, "probe.icmp.socket") == 1);
    CHECK(only_value(raw, "net.icmp.ttl") == 64);

    host.sysctl("ipv4/ping_group_range", "0 2147483647");
    const Finding dgram = run_without_raw(host, address);
    INFO(dgram.detail);
    CHECK(dgram.result == ProbeResult::ok);
    CHECK(only_value(dgram, "probe.icmp.socket") == 0);
    CHECK(only_value(dgram, "net.icmp.lost") == 0);
}

TEST_CASE(
    "probe_icmp network: both kinds of socket have stamps and errors",
    "[plugins][native][SO_TIMESTAMPING]"
) {
    if (no_network()) {
        return;
    }
    const bool datagram = GENERATE(false, true);
    const bool v6 = GENERATE(false, true);
    const Net net({.delay = milliseconds(2)}, {.delay = milliseconds(2)});
    net.here.sysctl("ipv4/ping_group_range", datagram ? "0 2147483647" : "1 0");
    const Finding finding = net.run(burst(50, 0.002), net.far(v6));
    CHECK(only_value(finding, "probe.icmp.socket") == (datagram ? 0 : 1));
    CHECK(only_value(finding, "net.icmp.lost") == 0);
    const double truth = median(true_trips(net.link));
    CHECK(std::abs(median(figure(finding, "net.icmp.rtt").values) - truth) <= 50e-6 + truth * 0.01);

    // Behind b there is nothing, and b says so.
    net.there.sysctl(v6 ? "ipv6/conf/all/forwarding" : "ipv4/ip_forward", "1");
    net.there.sysctl("ipv4/icmp_ratelimit", "0");
    net.there.sysctl("ipv6/icmp/ratelimit", "0");
    const std::string nowhere = v6 ? "fd99::/64" : "198.51.100.0/24";
    const std::string ip = v6 ? "-6" : "-4";
    net.there.ip({ip, "route", "add", "unreachable", nowhere});
    net.here.ip({ip, "route", "add", nowhere, "dev", net.link.device()});
    Finding refused;
    const double took = seconds_of([&] {
        refused = net.run(
            "count = 3\nspacing_s = 0.01\nwait_s = 20\ntimeout_s = 30\n",
            v6 ? "fd99::1" : "198.51.100.1"
        );
    });
    INFO(refused.detail);
    CHECK(refused.result == ProbeResult::no_route);
    CHECK(refused.step == "route");
    CHECK(refused.detail.find(net.far(v6)) == 0);
    CHECK(only_value(refused, "net.icmp.lost") == 3);
    CHECK(took < 15);  // nobody waits for what will not come

    // A router that forbids it says so (ICMP type 3 code 13, ICMPv6 type 1 code 1).
    net.there.ip({ip, "route", "replace", "prohibit", nowhere});
    const Finding prohibited =
        net.run("count = 1\nwait_s = 20\ntimeout_s = 30\n", v6 ? "fd99::1" : "198.51.100.1");
    INFO(prohibited.detail);
    CHECK(prohibited.result == ProbeResult::no_route);
    CHECK(prohibited.detail.find("it is prohibited there") != std::string::npos);
}

TEST_CASE("probe_icmp network: no IPv6 is no trouble for IPv4", "[plugins][probe_icmp]") {
    if (no_network()) {
        return;
    }
    const NetNamespace host;
    host.sysctl("ipv6/conf/all/disable_ipv6", "1");
    const Inside inside(host);
    Lab lab(burst(3, 0.001));
    const Finding v6 = lab.run("::1");
    INFO(v6.detail);
    CHECK(v6.result == ProbeResult::no_route);
    CHECK(lab.run("127.0.0.1").result == ProbeResult::ok);
}

TEST_CASE("probe_icmp network: routes to nowhere", "[plugins][probe_icmp]") {
    if (no_network()) {
        return;
    }
    const std::string kind = GENERATE("none", "blackhole", "unreachable", "prohibit");
    const bool v6 = GENERATE(false, true);
    const NetNamespace host;
    if (kind != "none") {
        host.ip({v6 ? "-6" : "-4", "route", "add", kind, v6 ? "fd99::/64" : "192.0.2.0/24"});
    }
    const Inside inside(host);
    Finding finding;
    const double took = seconds_of([&] {
        finding = Lab("count = 3\nspacing_s = 0.01\nwait_s = 20\ntimeout_s = 30\n")
                      .run(v6 ? "fd99::1" : "192.0.2.1");
    });
    INFO(kind << ": " << finding.detail);
    CHECK(finding.result == ProbeResult::no_route);
    CHECK(finding.step == "route");
    CHECK_FALSE(finding.detail.empty());
    CHECK(only_value(finding, "net.icmp.sent") == 3);
    CHECK(only_value(finding, "net.icmp.lost") == 3);
    CHECK(took < 15);
}

TEST_CASE("probe_icmp network: nobody answers", "[plugins][probe_icmp]") {
    if (no_network()) {
        return;
    }
    const Net net({.black_hole = true});
    Finding finding;
    const double took = seconds_of([&] {
        finding = net.run(
            "count = 3\nspacing_s = 0.01\nspacing_jitter_s = 0\nwait_s = 0.3\ntimeout_s = 5\n",
            net.far(false)
        );
    });
    CHECK(finding.result == ProbeResult::timeout);
    CHECK(finding.step == "reply");
    CHECK(only_value(finding, "net.icmp.sent") == 3);
    CHECK(only_value(finding, "net.icmp.lost") == 3);
    CHECK(figure(finding, "net.icmp.rtt").values.empty());
    CHECK(took >= 0.3);
    CHECK(took < 5);
}

TEST_CASE("probe_icmp network: late replies are not those of the next burst", "[plugins]") {
    if (no_network()) {
        return;
    }
    const Net net({.delay = milliseconds(300)});
    const Inside inside(net.here);
    Lab lab("count = 5\nspacing_s = 0.01\nspacing_jitter_s = 0\nwait_s = 0.2\ntimeout_s = 20\n");
    constexpr std::uint64_t kBursts = 5;
    for (std::uint64_t i = 0; i < kBursts; ++i) {
        const Finding late = lab.run(net.far(false));
        CHECK(late.result == ProbeResult::timeout);
        CHECK(only_value(late, "net.icmp.lost") == 5);
        CHECK(only_value(late, "net.icmp.duplicates") == 0);
        CHECK(figure(late, "net.icmp.rtt").values.empty());
    }
    // They all came.
    CHECK(net.link.await(Direction::b_to_a, 5 * kBursts, std::chrono::seconds(20)));
}

TEST_CASE("probe_icmp network: an interface that went and came again", "[plugins][probe_icmp]") {
    if (no_network()) {
        return;
    }
    const NetNamespace here;
    const NetNamespace there;
    const Inside inside(here);
    std::optional<ImpairedLink> link(std::in_place, here, there, Impairment(), Impairment());
    const std::string address = link->ipv4(End::b);
    Lab lab(burst(3, 0.001, "interface = \"" + link->device() + "\"\n"));
    CHECK(lab.run(address).result == ProbeResult::ok);
    link.reset();
    CHECK(lab.run(address).result == ProbeResult::no_route);
    link.emplace(here, there, Impairment(), Impairment());
    CHECK(lab.run(address).result == ProbeResult::ok);
}

TEST_CASE("probe_icmp network: a line that swallows long packets is told", "[plugins]") {
    if (no_network()) {
        return;
    }
    const NetNamespace here;
    const NetNamespace there;
    const ImpairedLink link(here, there, {}, {}, {.mtu = 1'280});
    here.ip({"link", "set", link.device(), "mtu", "1500"});
    const Inside inside(here);
    const Finding finding =
        Lab("count = 4\nspacing_s = 0.01\nwait_s = 0.3\ntimeout_s = 5\npayload_bytes = [56, 1400]\n"
        )
            .run(link.ipv4(End::b));
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    if (figure(finding, "net.icmp.rtt", "size=1400}").values.empty()) {
        CHECK(finding.detail == "no reply to packets of 1400 bytes, only to others");
    }
}

}  // namespace cxedge::test
