// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/probe_icmp.hpp"

#include <algorithm>

#include <fcntl.h>

#include "plugins/_probes/wires.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/probe_lab.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;
using IcmpLab = ProbeLab<plugins::ProbeIcmp>;

const std::string kQuick = "count = 5\nspacing_s = 0.001\nspacing_jitter_s = 0\nwait_s = 2\n";

void feed_no_packets(CaseRun& run, Source& source) {
    static_cast<void>(run);
    static_cast<void>(source);
}

std::string fact(const Finding& finding, const std::string& name) {
    for (const auto& [key, text] : finding.facts) {
        if (key == name) {
            return text;
        }
    }
    return {};
}

std::vector<std::string> series_of(const Finding& finding) {
    std::vector<std::string> names;
    for (const probes::Figure& each : finding.figures) {
        names.push_back(to_string(each.info.key));
    }
    return names;
}

}  // namespace

TEST_CASE("probe_icmp: does what its cases say", "[plugins][probe_icmp]") {
    check_plugin({"probe_icmp", make_source<plugins::ProbeIcmp>, feed_no_packets});
}

TEST_CASE("probe_icmp: a host answers each packet", "[plugins][probe_icmp]") {
    const std::string address = GENERATE("127.0.0.1", "::1");
    const std::string af = address == "::1" ? "af=6" : "af=4";
    IcmpLab lab(kQuick);
    const Finding finding = lab.run(address);
    INFO(finding.detail);
    REQUIRE(finding.result == ProbeResult::ok);
    CHECK(finding.step.empty());
    const auto& rtt = figure(finding, "net.icmp.rtt", af).values;
    CHECK(rtt.size() == 5);
    CHECK(std::all_of(rtt.begin(), rtt.end(), [](double each) { return each > 0 && each < 2; }));
    CHECK(only_value(finding, "net.icmp.sent", af) == 5);
    CHECK(only_value(finding, "net.icmp.lost", af) == 0);
    CHECK(only_value(finding, "net.icmp.duplicates", af) == 0);
    CHECK(only_value(finding, "net.icmp.reordered", af) == 0);
    CHECK(only_value(finding, "net.icmp.jitter", af) < 2);
    CHECK(only_value(finding, "net.icmp.ttl", af) == 64);
    CHECK(only_value(finding, "probe.icmp.socket", af) < 2);
    CHECK(fact(finding, "address") == address);
    CHECK_FALSE(fact(finding, "time stamps").empty());
}

TEST_CASE("probe_icmp: stamps are the kernel's", "[plugins][probe_icmp][native][SO_TIMESTAMPING]") {
    IcmpLab lab(kQuick);
    // The kernel may begin to stamp a moment after it is asked to.
    Finding finding;
    for (int i = 0; i < 20 && fact(finding, "time stamps") != "the kernel's"; ++i) {
        finding = lab.run("127.0.0.1");
    }
    CHECK(fact(finding, "time stamps") == "the kernel's");
}

TEST_CASE("probe_icmp: sizes go in turn and each has its figures", "[plugins][probe_icmp]") {
    IcmpLab lab(
        "count = 5\nspacing_s = 0.001\nspacing_jitter_s = 0\n"
        "payload_bytes = [8, 1400, 9000]\n"
    );
    const Finding finding = lab.run("127.0.0.1");
    CHECK(finding.result == ProbeResult::ok);
    CHECK(only_value(finding, "net.icmp.sent", "size=8}") == 2);
    CHECK(only_value(finding, "net.icmp.sent", "size=1400}") == 2);
    CHECK(only_value(finding, "net.icmp.sent", "size=9000}") == 1);
    CHECK(figure(finding, "net.icmp.rtt", "size=9000}").values.size() == 1);
    CHECK(figure(finding, "net.icmp.jitter", "size=9000}").values.empty());
}

TEST_CASE("probe_icmp: many bursts share a socket and get their own replies", "[plugins]") {
    IcmpLab lab(kQuick);
    REQUIRE(lab.source.open(lab.context));
    constexpr std::size_t kBursts = 200;
    std::vector<std::unique_ptr<probes::ProbeRun>> runs;
    std::size_t ok = 0;
    std::size_t done = 0;
    for (std::size_t i = 0; i < kBursts; ++i) {
        const std::string address = "127.1.0." + std::to_string(i + 1);
        runs.push_back(lab.source.make_run({address, address}, lab.context));
        runs.back()->begin([&](const Finding& finding) {
            const bool whole = only_value(finding, "net.icmp.lost") == 0 &&
                               figure(finding, "net.icmp.rtt").values.size() == 5;
            ok += finding.result == ProbeResult::ok && whole ? 1U : 0U;
            if (++done == kBursts) {
                lab.loop.stop();
            }
        });
    }
    const LoopHandle patience = lab.loop.after(kProbePatience, [&] { lab.loop.stop(); });
    lab.loop.run();
    CHECK(ok == kBursts);
    runs.clear();
    lab.source.close();
}

TEST_CASE("probe_icmp: a name that does not exist is the name server's matter", "[plugins]") {
    IcmpLab lab(kQuick + "family = \"4\"\n");
    const std::vector<std::string> series = series_of(lab.run("127.0.0.1"));
    const Finding finding = lab.run("::1");  // has no IPv4 address
    CHECK(finding.result == ProbeResult::dns_error);
    CHECK(finding.step == "dns");
    CHECK_FALSE(finding.detail.empty());
    CHECK(only_value(finding, "net.icmp.sent") == 0);
    CHECK(figure(finding, "net.icmp.rtt").values.empty());
    CHECK(series_of(finding) == series);
}

TEST_CASE("probe_icmp: an interface that is not there", "[plugins][probe_icmp]") {
    IcmpLab lab(kQuick + "interface = \"nosuch0\"\n");
    const Finding finding = lab.run("127.0.0.1");
    CHECK(finding.result == ProbeResult::no_route);
    CHECK(finding.detail == "there is no interface nosuch0");
    CHECK(figure(finding, "net.icmp.rtt").values.empty());
}

TEST_CASE("probe_icmp: the budget ends a burst", "[plugins][probe_icmp]") {
    IcmpLab lab(kQuick);
    probes::BudgetLimits limits;
    limits.test_packets = 5;
    probes::Meter meter("", "", "test", limits, lab.clock);
    const probes::ProbeContext context{
        lab.loop, lab.clock, lab.resolver, meter, "", std::chrono::seconds(5)};
    REQUIRE(lab.source.open(context));
    const auto run = lab.source.make_run({"t", "127.0.0.1"}, context);
    std::optional<Finding> finding;
    run->begin([&](Finding found) {
        finding = std::move(found);
        lab.loop.stop();
    });
    lab.loop.run();
    REQUIRE(finding);
    CHECK(finding->result == ProbeResult::capped);
    CHECK(only_value(*finding, "net.icmp.sent") <= 3);
    CHECK(only_value(*finding, "net.icmp.sent") >= 2);
    CHECK(only_value(*finding, "net.icmp.lost") == 0);
    lab.source.close();
}

TEST_CASE("probe_icmp: a run that is destroyed leaves nothing", "[plugins][probe_icmp]") {
    IcmpLab lab(kQuick);
    REQUIRE(lab.source.open(lab.context));
    const auto open_files = [] {
        int count = 0;
        for (int fd = 0; fd < 1'024; ++fd) {
            count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        }
        return count;
    };
    for (int i = 0; i < 3; ++i) {
        bool called = false;
        auto run = lab.source.make_run({"t", "127.0.0.1"}, lab.context);
        run->begin([&](const Finding&) { called = true; });
        for (int turn = 0; turn < i * 3; ++turn) {
            lab.loop.poll();
        }
        run.reset();
        lab.loop.poll();
        CHECK_FALSE(called);
    }
    lab.source.close();
    const int files = open_files();
    REQUIRE(lab.source.open(lab.context));
    static_cast<void>(lab.run("127.0.0.1"));
    lab.source.close();
    CHECK(open_files() == files);
}

}  // namespace cxedge::test
