// SPDX-License-Identifier: Apache-2.0
// Traces through networks whose ways are known: hops, changes, largest packets.
#include "plugins/probe_path/probe_path.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/probe_path/router_chain.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

using Catch::Contains;
using plugins::ProbePath;
using probes::Finding;
using probes::ProbeResult;

using PathLab = ProbeLab<ProbePath>;
using Inside = NetNamespace::Inside;
using Texts = std::vector<std::string>;

bool routers_missing() {
    if (NetNamespace::available()) {
        return false;
    }
    WARN("skipped: needs root and iproute2");
    return true;
}

std::string path_fact(const Finding& finding, const std::string& name) {
    for (const auto& [key, value] : finding.facts) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

// "10.1.0.2", or "*": who answered at each hop first.
Texts hops_of(const Finding& finding) {
    Texts hops;
    for (int hop = 1;; ++hop) {
        const std::string line = path_fact(finding, fmt::format("hop {}", hop));
        if (line.empty()) {
            return hops;
        }
        const std::size_t at = std::min(line.find_first_not_of("* "), line.size());
        hops.push_back(at == line.size() ? "*" : line.substr(at, line.find(' ', at) - at));
    }
}

Texts way_through(const RouterChain& chain, int hops, bool v6 = false) {
    Texts way;
    for (int hop = 1; hop <= hops; ++hop) {
        way.push_back(chain.address(hop, v6));
    }
    return way;
}

std::string event_attr(const Event& event, const std::string& key) {
    for (const Dimension& attr : event.attrs) {
        if (attr.key == key) {
            return attr.value;
        }
    }
    return {};
}

auto open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

}  // namespace

TEST_CASE("probe_path: does what its cases say", "[path]") {
    check_plugin({"probe_path", make_source<ProbePath>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE(
    "probe_path: all methods find all routers, in both families", "[path][native][MSG_ERRQUEUE]"
) {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(4);
    chain.lift_rate_limits();
    const Inside inside(chain.host());
    for (const char* method : {"udp", "icmp", "tcp"}) {
        for (const bool v6 : {false, true}) {
            INFO(method << (v6 ? " v6" : " v4"));
            PathLab lab(fmt::format("method = \"{}\"\nper_hop = true\nmtu = false", method));
            const Finding found = lab.run(chain.target_address(v6));
            INFO(found.detail);
            CHECK(found.result == ProbeResult::ok);
            CHECK(hops_of(found) == way_through(chain, 5, v6));
            CHECK(figure(found, "net.path.hops").values == std::vector<double>{5});
            CHECK(figure(found, "net.path.changes").values == std::vector<double>{0});
            for (int hop = 1; hop <= 4; ++hop) {
                const auto& rtt = figure(found, "net.path.rtt", fmt::format("hop={}", hop));
                CHECK(rtt.values.size() == 3);
            }
            CHECK(found.events.empty());
        }
    }
}

TEST_CASE("probe_path: traceroute sees the same way", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    if (run({"sh", "-c", "command -v traceroute"}).status != 0) {
        WARN("skipped: no traceroute");
        return;
    }
    RouterChain chain(3);
    const Inside inside(chain.host());
    for (const bool v6 : {false, true}) {
        const Finished theirs =
            run({"traceroute", "-n", "-q", "1", "-N", "1", "-w", "5", chain.target_address(v6)});
        INFO(theirs.output);
        REQUIRE(theirs.status == 0);
        PathLab lab("mtu = false");
        const Texts ours = hops_of(lab.run(chain.target_address(v6)));
        CHECK(ours.size() == 4);
        std::size_t at = 0;
        for (const std::string& hop : ours) {
            at = theirs.output.find("  " + hop + "  ", at);
            CHECK(at != std::string::npos);
        }
        CHECK(std::count(theirs.output.begin(), theirs.output.end(), '\n') == 5);
    }
}

TEST_CASE("probe_path: one trace keeps to one of two ways", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    Diamond diamond;
    const Inside inside(diamond.host());
    std::set<std::string> ways;
    for (const char* method : {"udp", "tcp"}) {
        // A flow of its own for each name; its second run takes the way of the first.
        for (int name = 0; name < 12; ++name) {
            PathLab lab(fmt::format("method = \"{}\"\ntries = 8\nmtu = false", method));
            const auto trace = [&] {
                std::optional<Finding> found;
                const auto run = lab.source.make_run(
                    {fmt::format("t{}", name), Diamond::target_address()}, lab.context
                );
                run->begin([&](Finding finding) {
                    found = std::move(finding);
                    lab.loop.stop();
                });
                lab.loop.run();
                return *found;
            };
            const Finding first = trace();
            const std::string second_hop = path_fact(first, "hop 2");
            INFO(method << ": " << second_hop);
            CHECK(first.result == ProbeResult::ok);
            CHECK(Diamond::is_upper(hops_of(first)[1]) != Diamond::is_lower(hops_of(first)[1]));
            // One address in the line: all answers are the same router's. Some may be missing, a
            // kernel sends 1,000 errors a second in all.
            CHECK(std::count(second_hop.begin(), second_hop.end(), '*') <= 4);
            CHECK(
                (second_hop.find("10.2.0.2") == std::string::npos ||
                 second_hop.find("10.12.0.2") == std::string::npos)
            );
            ways.insert(hops_of(first)[1]);
            const Finding again = trace();
            CHECK(hops_of(again) == hops_of(first));
            CHECK(again.events.empty());
        }
    }
    // The network does share: other flows go the other way (all the same: once in 2^23).
    CHECK(ways.size() == 2);
}

TEST_CASE("probe_path: classic traceroute mixes what ours keeps apart", "[path]") {
    if (routers_missing()) {
        return;
    }
    if (run({"sh", "-c", "command -v traceroute"}).status != 0) {
        WARN("skipped: no traceroute");
        return;
    }
    Diamond diamond;
    const Inside inside(diamond.host());
    // Hop 2 only, 10 probes, a port for each.
    const Finished theirs =
        run({"traceroute", "-n", "-f", "2", "-m", "2", "-q", "10", Diamond::target_address()});
    INFO(theirs.output);
    CHECK_THAT(theirs.output, Contains("10.2.0.2") && Contains("10.12.0.2"));
}

TEST_CASE("probe_path: a new way is one event, a silent hop none", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    Diamond diamond;
    const Inside inside(diamond.host());
    diamond.use(true, false);
    PathLab lab("mtu = false\nwait_ms = 500");
    const Finding first = lab.run(Diamond::target_address());
    const std::string first_hash = path_fact(first, "path hash");
    CHECK(first.events.empty());
    CHECK(hops_of(first)[1] == "10.2.0.2");

    diamond.use(false, true);
    const Finding moved = lab.run(Diamond::target_address());
    REQUIRE(moved.events.size() == 1);
    const Event& event = moved.events.front();
    CHECK(event.name == "net.path.change");
    CHECK(event_attr(event, "hop") == "2");
    CHECK(event_attr(event, "hops") == "4");
    CHECK(event_attr(event, "old_address") == "10.2.0.2");
    CHECK(event_attr(event, "new_address") == "10.12.0.2");
    CHECK(event_attr(event, "old_hash") == first_hash);
    CHECK(event_attr(event, "new_hash") == path_fact(moved, "path hash"));
    CHECK(figure(moved, "net.path.changes").values == std::vector<double>{1});
    CHECK(lab.run(Diamond::target_address()).events.empty());

    diamond.use(true, false);
    const Finding back = lab.run(Diamond::target_address());
    REQUIRE(back.events.size() == 1);
    CHECK(event_attr(back.events.front(), "new_hash") == first_hash);
    CHECK(figure(back, "net.path.changes").values == std::vector<double>{2});
}

TEST_CASE("probe_path: a hop that falls silent changes nothing", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(3);
    chain.lift_rate_limits();
    const Inside inside(chain.host());
    PathLab lab("mtu = false\nwait_ms = 500");
    const std::string hash = path_fact(lab.run(chain.target_address()), "path hash");
    for (int round = 0; round < 2; ++round) {
        chain.silence(2);
        const Finding silent = lab.run(chain.target_address());
        CHECK(silent.result == ProbeResult::ok);
        CHECK(hops_of(silent)[1] == "*");
        CHECK(silent.events.empty());
        CHECK(path_fact(silent, "path hash") == hash);
        chain.end_silence(2);
        const Finding back = lab.run(chain.target_address());
        CHECK(hops_of(back) == way_through(chain, 4));
        CHECK(back.events.empty());
    }
}

TEST_CASE("probe_path: a net that nobody knows is no_route", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(3);
    const Inside inside(chain.host());
    PathLab lab("wait_ms = 500");
    SECTION("here") {
        const Finding found = lab.run("10.99.0.1");
        CHECK(found.result == ProbeResult::no_route);
        CHECK(found.figures.size() == 3);
        CHECK(figure(found, "net.path.hops").values.empty());
        CHECK(figure(found, "net.path.mtu").values.empty());
    }
    SECTION("here, on purpose") {
        for (const char* kind : {"prohibit", "blackhole", "unreachable"}) {
            chain.host().ip({"route", "add", kind, "10.99.0.0/24"});
            const Finding found = lab.run("10.99.0.1");
            INFO(found.detail);
            CHECK(found.result == ProbeResult::no_route);
            CHECK(found.step == "send");
            CHECK_THAT(found.detail, Contains("this box cannot send to 10.99.0.1"));
            chain.host().ip({"route", "del", kind, "10.99.0.0/24"});
        }
    }
    SECTION("at a router") {
        chain.host().ip({"route", "add", "10.99.0.0/24", "via", "10.1.0.2"});
        chain.router(1).ip({"route", "add", "10.99.0.0/24", "via", "10.2.0.2"});
        const Finding found = lab.run("10.99.0.1");
        CHECK(found.result == ProbeResult::no_route);
        CHECK_THAT(found.detail, Contains("hop 2 (10.2.0.2)"));
        CHECK(figure(found, "net.path.hops").values.empty());
    }
    SECTION("nobody there at the end, which is no other way") {
        CHECK(lab.run(chain.target_address()).result == ProbeResult::ok);
        chain.target().ip({"link", "set", "left0", "down"});
        const Finding found = lab.run(chain.target_address());
        CHECK(found.result != ProbeResult::ok);
        CHECK(found.events.empty());
    }
    SECTION("a black hole") {
        chain.host().ip({"route", "add", "10.99.0.0/24", "via", "10.1.0.2"});
        chain.router(1).ip({"route", "add", "blackhole", "10.99.0.0/24"});
        const Finding found = lab.run("10.99.0.1");
        CHECK(found.result == ProbeResult::timeout);
        CHECK(figure(found, "net.path.hops").values.empty());
    }
    SECTION("forbidden") {
        chain.host().ip({"route", "add", "10.99.0.0/24", "via", "10.1.0.2"});
        chain.router(1).ip({"route", "add", "prohibit", "10.99.0.0/24"});
        const Finding found = lab.run("10.99.0.1");
        CHECK(found.result == ProbeResult::refused);
        CHECK_THAT(found.detail, Contains("hop 1 (10.1.0.2)"));
    }
}

TEST_CASE("probe_path: a narrow link is found to the byte", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(3);
    const Inside inside(chain.host());
    for (const char* method : {"udp", "icmp", "tcp"}) {
        for (const bool v6 : {false, true}) {
            INFO(method << (v6 ? " v6" : " v4"));
            PathLab lab(fmt::format("method = \"{}\"", method));
            chain.set_mtu(3, 1500);
            const Finding wide = lab.run(chain.target_address(v6));
            CHECK(figure(wide, "net.path.mtu").values == std::vector<double>{1500});
            chain.set_mtu(3, 1400);
            const Finding narrow = lab.run(chain.target_address(v6));
            INFO(path_fact(narrow, "path mtu"));
            CHECK(figure(narrow, "net.path.mtu").values == std::vector<double>{1400});
            CHECK(path_fact(narrow, "path mtu") == "1400 bytes");
        }
    }
}

TEST_CASE(
    "probe_path: a black hole for large packets is found to the byte",
    "[path][native][MSG_ERRQUEUE]"
) {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(3);
    const Inside inside(chain.host());
    chain.set_mtu(3, 1400);
    chain.silence(2);
    const char* const method = GENERATE("udp", "icmp");
    for (const bool v6 : {false, true}) {
        INFO(method << (v6 ? " v6" : " v4"));
        PathLab lab(fmt::format("method = \"{}\"\nwait_ms = 500", method));
        const Finding found = lab.run(chain.target_address(v6));
        INFO(found.detail << path_fact(found, "path mtu"));
        CHECK(found.result == ProbeResult::ok);
        CHECK(figure(found, "net.path.mtu").values == std::vector<double>{1400});
        CHECK_THAT(path_fact(found, "path mtu"), Contains("black hole"));
    }
}

TEST_CASE("probe_path: routers that quote next to nothing", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    const NetNamespace host;
    const NetNamespace net;
    veth(host, "10.1.0.1/24", net, "10.1.0.2/24", {"eth0", "eth0"});
    host.ip({"route", "add", "default", "via", "10.1.0.2"});
    host.sysctl("ipv4/conf/all/rp_filter", "0");
    host.sysctl("ipv4/conf/eth0/rp_filter", "0");
    // Slow enough that several probes are on the way when the first answer comes.
    Process routers(net.inside({"python3", TERSE_ROUTER, "eth0", "10.60.0.1", "4", "0.05"}));
    REQUIRE(routers.line_with("ready", std::chrono::seconds(30)));
    const Inside inside(host);
    PathLab lab("mtu = false\nwait_ms = 1000");
    const Finding found = lab.run("10.60.0.1");
    INFO(found.detail);
    CHECK(found.result == ProbeResult::ok);
    CHECK(hops_of(found) == Texts{"10.50.0.1", "10.50.0.2", "10.50.0.3", "10.60.0.1"});
    CHECK(figure(found, "net.path.hops").values == std::vector<double>{4});
}

TEST_CASE(
    "probe_path: without rights UDP works and the others say so", "[path][native][MSG_ERRQUEUE]"
) {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(2);
    const Inside inside(chain.host());
    const WithoutRawSockets poor;
    const Finding udp = PathLab("method = \"udp\"").run(chain.target_address());
    CHECK(udp.result == ProbeResult::ok);
    CHECK(hops_of(udp) == way_through(chain, 3));
    CHECK(figure(udp, "net.path.mtu").values == std::vector<double>{1500});
    for (const char* method : {"icmp", "tcp"}) {
        const Finding found =
            PathLab(fmt::format("method = \"{}\"", method)).run(chain.target_address());
        CHECK(found.result == ProbeResult::no_permission);
        CHECK(found.step == "socket");
        CHECK_THAT(found.detail, Contains("CAP_NET_RAW"));
        CHECK(figure(found, "net.path.hops").values.empty());
    }
    // A "ping" socket is enough for ICMP.
    chain.host().sysctl("ipv4/ping_group_range", "0 2147483647");
    const Finding ping = PathLab("method = \"icmp\"").run(chain.target_address());
    CHECK(ping.result == ProbeResult::ok);
    CHECK(hops_of(ping) == way_through(chain, 3));
}

TEST_CASE("probe_path: what it sends is paid for", "[path][native][MSG_ERRQUEUE]") {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(2);
    const Inside inside(chain.host());
    PathLab lab("mtu = false");
    REQUIRE(lab.run(chain.target_address()).result == ProbeResult::ok);
    const probes::BudgetUse used = lab.meter.used();
    // Nine probes of 60 bytes and as many answers; the first trace sends a few behind the target.
    CHECK(used.packets >= 18);
    CHECK(used.bytes >= 9 * (60 + 56));
    CHECK(used.bytes <= 40 * 130);

    probes::BudgetLimits limits;
    limits.test_packets = 5;
    probes::Meter small("", "", "small", limits, lab.clock);
    const probes::ProbeContext poor{
        lab.loop, lab.clock, lab.resolver, small, "", std::chrono::seconds(5)};
    std::optional<Finding> found;
    const auto run = lab.source.make_run({"t", chain.target_address()}, poor);
    run->begin([&](Finding finding) {
        found = std::move(finding);
        lab.loop.stop();
    });
    lab.loop.run();
    REQUIRE(found);
    CHECK(found->result == ProbeResult::capped);
    CHECK(found->step == "budget");
    // Five went out at most; what they brought back counts, too.
    CHECK(small.used().packets <= 10);
}

TEST_CASE(
    "probe_path: a run that is given up leaves nothing open", "[path][native][MSG_ERRQUEUE]"
) {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(2);
    const Inside inside(chain.host());
    PathLab lab("wait_ms = 1000");
    REQUIRE(lab.run(chain.target_address()).result == ProbeResult::ok);
    const auto before = open_files();
    for (int turns = 0; turns < 6; ++turns) {
        const auto run = lab.source.make_run({"t", chain.target_address()}, lab.context);
        run->begin([](const Finding&) { FAIL("it has ended"); });
        for (int i = 0; i < turns; ++i) {
            lab.loop.poll();
        }
    }
    lab.loop.poll();
    CHECK(open_files() == before);
}

TEST_CASE("probe_path: it ends in time", "[path]") {
    if (routers_missing()) {
        return;
    }
    RouterChain chain(2);
    const Inside inside(chain.host());
    chain.silence(1);
    chain.silence(2);
    PathLab lab("timeout_s = 0.3\nwait_ms = 5000");
    chain.target().ip({"route", "del", "10.1.0.0/24"});
    const auto began = std::chrono::steady_clock::now();
    const Finding found = lab.run(chain.target_address());
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(found.result == ProbeResult::timeout);
    CHECK(took >= std::chrono::milliseconds(300));
    CHECK(took < std::chrono::seconds(4));
}

}  // namespace cxedge::test
