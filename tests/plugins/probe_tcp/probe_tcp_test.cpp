// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_tcp/probe_tcp.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/probe_server.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;
using TcpLab = ProbeLab<plugins::ProbeTcp>;

// Targets of these tests name their port; the lab's own does not.
std::string tcp_settings(const std::string& more = {}) {
    return "port = 9\n" + more;
}

std::string word(const Finding& finding) {
    return std::string(to_string(finding.result));
}

const std::vector<double>& connect_of(const Finding& finding, const std::string& dim = {}) {
    return figure(finding, "net.tcp.connect", dim).values;
}

double seconds_of(const TcpLab& lab, SteadyTime since) {
    return std::chrono::duration<double>(lab.clock.steady_now() - since).count();
}

}  // namespace

TEST_CASE("probe_tcp: does what its cases say", "[plugins]") {
    check_plugin({"probe_tcp", make_source<plugins::ProbeTcp>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_tcp: a connection has its time, and its packets on the meter", "[plugins]") {
    const ProbeServer server("silent");
    TcpLab lab(tcp_settings());
    const Finding finding = lab.run(server.at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(connect_of(finding, "af=4").size() == 1);
    CHECK(connect_of(finding).at(0) > 0);
    // An address in digits has no name to look up, and nobody asked for a greeting.
    CHECK(finding.figures.size() == 1);
    CHECK(lab.meter.used().packets == 7);
    CHECK(lab.meter.used().bytes == 2 * 60 + 5 * 52);
}

TEST_CASE("probe_tcp: names are looked up, with their time", "[plugins]") {
    const ProbeServer server("silent");
    TcpLab lab(tcp_settings("family = \"4\"\n"));
    const Finding finding = lab.run(server.at("localhost"));
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(figure(finding, "net.tcp.resolve").values.size() == 1);
}

TEST_CASE("probe_tcp: where nothing listens the series of the last run has a loss", "[plugins]") {
    TcpLab lab(tcp_settings());
    const Finding first = lab.run("127.0.0.1:9");
    CHECK(word(first) == "refused");
    CHECK(first.step == "connect");
    CHECK(first.detail == "127.0.0.1: nothing listens at port 9");
    CHECK(connect_of(first, "af=4").empty());
}

TEST_CASE("probe_tcp: a greeting is waited for, and must be the right one", "[plugins]") {
    const ProbeServer server("greet=SSH-2.0-test");
    TcpLab right(tcp_settings("expect = \"SSH-2.0\"\n"));
    const Finding good = right.run(server.at());
    INFO(good.detail);
    CHECK(good.result == ProbeResult::ok);
    CHECK(figure(good, "net.tcp.greeting").values.size() == 1);

    TcpLab wrong(tcp_settings("expect = \"220 \"\ntimeout_s = 0.5\n"));
    const Finding other = wrong.run(server.at());
    CHECK(word(other) == "body_mismatch");
    CHECK(other.detail == "greets with \"SSH-2.0-test\", not with what is expected");
    CHECK(connect_of(other).size() == 1);
    CHECK(figure(other, "net.tcp.greeting").values.empty());

    const ProbeServer mute("silent");
    const Finding none = wrong.run(mute.at());
    CHECK(word(none) == "timeout");
    CHECK(none.step == "server");
    CHECK(none.detail == "takes the connection and says nothing");

    const ProbeServer slow("begin=220");
    const Finding begun = wrong.run(slow.at());
    CHECK(word(begun) == "timeout");
    CHECK(begun.step == "server");
    CHECK(begun.detail == "greets with \"220\" so far, and the line does not end");
}

TEST_CASE("probe_tcp: the time to connect is that of the line", "[plugins]") {
    if (!ImpairedLink::available()) {
        std::puts("skipped: needs root and /dev/net/tun");
        return;
    }
    const NetNamespace shop;
    const NetNamespace far;
    Impairment slow;
    slow.delay = std::chrono::milliseconds(20);
    const ImpairedLink link(shop, far, slow, slow);
    const ProbeServer server(far, "silent", {"--address", link.ipv4(End::b)});
    const ProbeServer sixth(far, "silent", {"--address", link.ipv6(End::b)});
    const NetNamespace::Inside inside(shop);
    TcpLab lab(tcp_settings());
    const Finding finding = lab.run(server.at(link.ipv4(End::b)));
    const Finding other = lab.run(sixth.at("[" + link.ipv6(End::b) + "]"));
    INFO(finding.detail << other.detail);
    CHECK(link.await(Direction::b_to_a, 2, std::chrono::seconds(20)));
    for (const double took : {connect_of(finding, "af=4").at(0), connect_of(other, "af=6").at(0)}) {
        CHECK(took >= 0.040);
        CHECK(took < 0.25);  // far above what a busy machine adds
    }
}

TEST_CASE("probe_tcp: a black hole ends in time, with a loss", "[plugins][native][TCP_INFO]") {
    if (!ImpairedLink::available()) {
        std::puts("skipped: needs root and /dev/net/tun");
        return;
    }
    const NetNamespace shop;
    const NetNamespace far;
    Impairment hole;
    hole.black_hole = true;
    const ImpairedLink link(shop, far, hole, {});
    const NetNamespace::Inside inside(shop);
    TcpLab lab(tcp_settings("timeout_s = 1.5\n"));
    const SteadyTime begun = lab.clock.steady_now();
    const Finding finding = lab.run(link.ipv4(End::b) + ":443");
    CHECK(word(finding) == "timeout");
    CHECK(finding.step == "connect");
    CHECK(finding.detail == link.ipv4(End::b) + ": does not answer");
    CHECK(connect_of(finding, "af=4").empty());
    CHECK(seconds_of(lab, begun) >= 1.4);
    CHECK(seconds_of(lab, begun) < 20);
    // The SYN that the kernel sent again after a second, too.
    CHECK(lab.meter.used().packets == 2);
}

TEST_CASE("probe_tcp: without routes, IPv6 or name servers the words are right", "[plugins]") {
    if (!NetNamespace::available()) {
        std::puts("skipped: needs root");
        return;
    }
    const NetNamespace shop;
    const ProbeServer server(shop, "silent");
    const NetNamespace::Inside inside(shop);
    TcpLab lab(tcp_settings("timeout_s = 1\n"));
    CHECK(word(lab.run("192.0.2.1:443")) == "no_route");
    CHECK(word(lab.run("[2001:db8::1]:443")) == "no_route");
    for (const char* kind : {"prohibit", "blackhole", "unreachable"}) {
        shop.ip({"route", "add", kind, "198.51.100.0/24"});
        const Finding nowhere = lab.run("198.51.100.1:443");
        INFO(nowhere.detail);
        CHECK(word(nowhere) == "no_route");
        CHECK(nowhere.detail.find("argument") == std::string::npos);
        shop.ip({"route", "del", kind, "198.51.100.0/24"});
    }
    const Finding unknown = lab.run("shop.example:443");
    CHECK(word(unknown) == "dns_error");
    CHECK(unknown.step == "dns");
    CHECK(figure(unknown, "net.tcp.resolve").values.empty());
    CHECK(connect_of(unknown).empty());
    shop.sysctl("ipv6/conf/all/disable_ipv6", "1");
    CHECK(word(lab.run("[::1]:443")) == "no_route");
    const Finding still = lab.run(server.at());
    INFO(still.detail);
    CHECK(still.result == ProbeResult::ok);
}

TEST_CASE("probe_tcp: a run that is given up at any moment leaves nothing", "[plugins]") {
    const ProbeServer server("silent");
    TcpLab lab(tcp_settings("expect = \"x\"\n"));
    for (const int delay_ms : {0, 1, 5}) {
        const auto run = lab.source.make_run({"t", server.at()}, lab.context);
        bool told = false;
        run->begin([&](const Finding&) { told = true; });
        const LoopHandle end =
            lab.loop.after(std::chrono::milliseconds(delay_ms), [&] { lab.loop.stop(); });
        lab.loop.run();
        CHECK_FALSE(told);
    }
    lab.loop.poll();
}

}  // namespace cxedge::test
