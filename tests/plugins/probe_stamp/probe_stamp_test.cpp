// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_stamp/probe_stamp.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include <fmt/core.h>

#include "plugins/probe_stamp/stamp_figures.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/probe_stamp/reflector_thread.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::ProbeStamp;
using probes::Finding;
using probes::ProbeResult;

const std::string kAnyPort = "listen = \"0.0.0.0:0\"\n";

struct GoodClock : ProbeStamp {
    GoodClock() : ProbeStamp([] { return clock_that_is(true, 1'000); }) {}
};

// A sender and a reflector with a bad line between them.
struct StampLaboratory {
    StampLaboratory(
        const Impairment& there,
        const Impairment& back,
        const std::string& settings = "",
        std::function<KernelClock()> clock = kernel_clock
    )
        : link(a, b, there, back),
          reflector(
              settings + (settings.find("listen") == std::string::npos ? kAnyPort : ""),
              &b,
              std::move(clock)
          ) {}

    template <class T = ProbeStamp>
    Finding run(const std::string& settings) {
        const NetNamespace::Inside inside(a);
        ProbeLab<T> lab(settings);
        return lab.run(target());
    }
    [[nodiscard]] std::string target() const {
        return link.ipv4(End::b) + ":" + std::to_string(reflector.port());
    }

    NetNamespace a;
    NetNamespace b;
    ImpairedLink link;
    ReflectorThread reflector;
};

bool no_laboratory() {
    if (ImpairedLink::available()) {
        return false;
    }
    WARN("skipped: needs root");
    return true;
}

double median(std::vector<double> values) {
    REQUIRE_FALSE(values.empty());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double mean(const std::vector<double>& values) {
    REQUIRE_FALSE(values.empty());
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> applied(const ImpairedLink& link, Direction direction) {
    std::vector<double> seconds;
    for (const AppliedDelay& each : link.delays(direction)) {
        seconds.push_back(std::chrono::duration<double>(each.delay).count());
    }
    return seconds;
}

// What the line did to each packet on its way there and back; nothing was lost, none overtook.
std::vector<double> applied_rtt(const ImpairedLink& link) {
    std::vector<double> there = applied(link, Direction::a_to_b);
    const std::vector<double> back = applied(link, Direction::b_to_a);
    REQUIRE(there.size() == back.size());
    for (std::size_t i = 0; i < there.size(); ++i) {
        there[i] += back[i];
    }
    return there;
}

double applied_ipdv(const ImpairedLink& link, Direction direction) {
    std::vector<double> delays = applied(link, direction);
    std::vector<double> differences;
    for (std::size_t i = 1; i < delays.size(); ++i) {
        differences.push_back(std::abs(delays[i] - delays[i - 1]));
    }
    return mean(differences);
}

void check_same_figures(const Finding& one, const Finding& other) {
    REQUIRE(one.figures.size() == other.figures.size());
    for (std::size_t i = 0; i < one.figures.size(); ++i) {
        CHECK(one.figures[i].info == other.figures[i].info);
    }
}

}  // namespace

TEST_CASE("probe_stamp: does what its cases say", "[plugins][stamp]") {
    check_plugin({"probe_stamp", make_source<ProbeStamp>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE(
    "probe_stamp: the round trip is that of the line", "[plugins][stamp][native][SO_TIMESTAMPING]"
) {
    if (no_laboratory()) {
        return;
    }
    for (const auto delay : {500us, 5'000us, 20'000us}) {
        StampLaboratory lab({.delay = delay}, {.delay = delay});
        lab.link.stay_awake();
        const Finding found = lab.run("count = 101\nspacing_ms = 10\n");
        CHECK(found.result == ProbeResult::ok);
        CHECK(found.detail.empty());
        const double truth = median(applied_rtt(lab.link));
        const double measured = median(figure(found, "net.udp.rtt").values);
        const double dwell = median(figure(found, "net.udp.dwell").values);
        fmt::print(
            "rtt p50 {:.1f} us, applied {:.1f} us, off by {:.1f} us, dwell {:.1f} us\n",
            measured * 1e6,
            truth * 1e6,
            (measured - truth) * 1e6,
            dwell * 1e6
        );
        CHECK(measured >= truth);
        CHECK(measured - truth <= 50e-6 * slowness() + 0.01 * truth);
        CHECK(dwell > 0);
        CHECK(only_value(found, "net.udp.sent") == 101);
        CHECK(only_value(found, "net.udp.lost", "dir=round_trip") == 0);
        CHECK(only_value(found, "net.udp.lost", "dir=forward") == 0);
    }
}

TEST_CASE("probe_stamp: loss of each direction is exactly that of the line", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    const std::vector<std::pair<double, double>> rates{{0.05, 0.1}, {0.3, 0}, {0, 0.3}, {0.5, 0.5}};
    std::uint32_t seed = 1;
    for (const auto& [there, back] : rates) {
        StampLaboratory lab(
            {.delay = 2ms, .loss = there, .seed = seed}, {.delay = 2ms, .loss = back, .seed = seed}
        );
        ++seed;
        const Finding found = lab.run("count = 200\nspacing_ms = 5\nwait_ms = 4000\n");
        const Truth forward = lab.link.truth(Direction::a_to_b);
        const Truth backward = lab.link.truth(Direction::b_to_a);
        fmt::print(
            "loss asked {}/{}: forward {} of {}, backward {} of {}\n",
            there,
            back,
            forward.dropped,
            forward.in,
            backward.dropped,
            backward.in
        );
        CHECK(found.result == ProbeResult::ok);
        CHECK(only_value(found, "net.udp.sent") == static_cast<double>(forward.in));
        CHECK(
            only_value(found, "net.udp.lost", "dir=forward") == static_cast<double>(forward.dropped)
        );
        CHECK(
            only_value(found, "net.udp.lost", "dir=backward") ==
            static_cast<double>(backward.dropped)
        );
        CHECK(
            only_value(found, "net.udp.lost", "dir=round_trip") ==
            static_cast<double>(forward.dropped + backward.dropped)
        );
    }
}

TEST_CASE("probe_stamp: delay variation is that of the line", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    StampLaboratory lab({.delay = 5ms, .jitter = 8ms}, {.delay = 5ms, .jitter = 3ms});
    lab.link.stay_awake();
    // Farther apart than the jitter, so that nobody waits for a packet before it.
    const Finding found = lab.run("count = 200\nspacing_ms = 12\nspacing_random = 0.2\n");
    for (const auto& [direction, dim] :
         {std::pair(Direction::a_to_b, "dir=forward"),
          std::pair(Direction::b_to_a, "dir=backward")}) {
        const double truth = applied_ipdv(lab.link, direction);
        const double measured = mean(figure(found, "net.udp.ipdv", dim).values);
        fmt::print("ipdv {}: {:.1f} us, applied {:.1f} us\n", dim, measured * 1e6, truth * 1e6);
        CHECK(measured == Approx(truth).epsilon(0.1 * slowness()));
    }
}

TEST_CASE("probe_stamp: duplicates and reordering are counted", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    StampLaboratory lab(
        {.delay = 2ms}, {.delay = 2ms, .duplicate = 0.1, .reorder = 0.1, .reorder_by = 25ms}
    );
    const Finding found = lab.run("count = 200\nspacing_ms = 5\nspacing_random = 0\n");
    const Truth truth = lab.link.truth(Direction::b_to_a);
    CHECK(only_value(found, "net.udp.duplicates") == static_cast<double>(truth.duplicated));
    CHECK(only_value(found, "net.udp.lost", "dir=backward") == 0);
    // Copies of reordered packets are reordered for the line, but are no answers.
    const double reordered = only_value(found, "net.udp.reordered");
    CHECK(reordered > 0);
    CHECK(reordered <= static_cast<double>(truth.reordered));
}

TEST_CASE("probe_stamp: one-way delays only with two good clocks", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    const Impairment slow{.delay = 10ms};
    const std::string settings = "count = 10\nspacing_ms = 5\nowd_max_error_ms = 3\n";
    // One machine: its two ends have the same clock, whatever they say of it.
    StampLaboratory good(slow, {.delay = 1ms}, "", [] { return clock_that_is(true, 500); });
    const Finding both = good.run<GoodClock>(settings);
    CHECK(median(figure(both, "net.udp.owd", "dir=forward").values) == Approx(0.010).margin(2e-3));
    CHECK(median(figure(both, "net.udp.owd", "dir=backward").values) == Approx(0.001).margin(2e-3));
    const Finding strict = good.run<GoodClock>(settings + "family = \"4\"\nwait_ms = 1500\n");
    CHECK(figure(strict, "net.udp.owd", "dir=forward").values.size() == 10);
    const Finding bound = good.run<GoodClock>("count = 10\nspacing_ms = 5\nowd_max_error_ms = 1\n");
    CHECK(figure(bound, "net.udp.owd", "dir=forward").values.empty());
    CHECK(figure(bound, "net.udp.ipdv", "dir=forward").values.size() == 9);

    StampLaboratory bad(slow, slow, "", [] { return clock_that_is(false, 500); });
    const Finding unset = bad.run<GoodClock>(settings);
    CHECK(figure(unset, "net.udp.owd", "dir=backward").values.empty());
    CHECK(figure(unset, "net.udp.rtt").values.size() == 10);
}

TEST_CASE("probe_stamp: sizes, IPv6 and signed packets", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    const TempDir dir;
    const std::string key = dir.file("key");
    const std::string wrong = dir.file("wrong");
    std::ofstream(key) << "correct horse\n";
    std::ofstream(wrong) << "battery staple\n";
    const std::string short_run = "count = 5\nspacing_ms = 5\nwait_ms = 300\n";
    const std::string signs = fmt::format("key_file = \"{}\"\n", key);
    StampLaboratory lab({}, {}, signs + "listen = [\"0.0.0.0:0\", \"[::]:8862\"]\n");
    const Finding good = lab.run(short_run + signs + "payload_bytes = 1400\n");
    CHECK(good.result == ProbeResult::ok);
    CHECK(lab.link.truth(Direction::a_to_b).bytes == 5 * (1400 + 28));
    CHECK(lab.link.truth(Direction::b_to_a).bytes == 5 * (1400 + 28));
    {
        const NetNamespace::Inside inside(lab.a);
        ProbeLab<ProbeStamp> v6(short_run + signs + "family = \"6\"\n");
        const Finding found = v6.run("[" + lab.link.ipv6(End::b) + "]:8862");
        CHECK(found.result == ProbeResult::ok);
        CHECK(figure(found, "net.udp.rtt").values.size() == 5);
        CHECK(v6.meter.used().bytes == 10 * (112 + 48));
        CHECK(v6.meter.used().packets == 10);
    }
    const Finding stranger = lab.run(short_run + fmt::format("key_file = \"{}\"\n", wrong));
    CHECK(stranger.result == ProbeResult::timeout);
    CHECK(stranger.step == "server");
    CHECK(stranger.detail.find("another key") != std::string::npos);
    CHECK(only_value(stranger, "net.udp.lost", "dir=round_trip") == 5);
    const Finding open = lab.run(short_run);
    CHECK(open.detail.find("key_file") != std::string::npos);
    check_same_figures(good, stranger);
    FakeHost& host = lab.reflector.stop();
    CHECK(host.events.size() == 1);
    CHECK(host.values_of("stamp.refused{reason=hmac,source=test}") == std::vector<double>{5});
    CHECK(host.values_of("stamp.refused{reason=malformed,source=test}") == std::vector<double>{5});
    // A reflector without a key answers, but what it says could be anybody's.
    StampLaboratory unsigned_lab({}, {});
    const Finding unsigned_answers = unsigned_lab.run(short_run + signs);
    CHECK(unsigned_answers.result == ProbeResult::bad_status);
    CHECK(unsigned_answers.step == "auth");
}

TEST_CASE("probe_stamp: who is not there, and why", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    const std::string short_run = "count = 3\nspacing_ms = 5\nwait_ms = 300\ntimeout_s = 1\n";
    StampLaboratory lab({}, {});
    const Finding good = lab.run(short_run);
    const auto ask = [&](const std::string& address, const std::string& settings = "") {
        const NetNamespace::Inside inside(lab.a);
        ProbeLab<ProbeStamp> probe(short_run + settings);
        Finding found = probe.run(address);
        check_same_figures(good, found);
        CHECK_FALSE(found.detail.empty());
        return found;
    };
    const Finding refused = ask(lab.link.ipv4(End::b) + ":9");
    CHECK(refused.result == ProbeResult::refused);
    CHECK(refused.detail.find("nobody listens") != std::string::npos);
    CHECK(ask("192.0.2.1").result == ProbeResult::no_route);
    CHECK(ask("192.0.2.1").step == "send");
    CHECK(ask("does.not.exist.invalid").result == ProbeResult::dns_error);
    CHECK(ask(lab.target(), "interface = \"nowhere0\"\n").result == ProbeResult::no_route);
    CHECK(lab.run(short_run + "payload_bytes = 9000\n").result == ProbeResult::ok);
    lab.link.set(Direction::a_to_b, {.black_hole = true});
    CHECK(ask(lab.target()).result == ProbeResult::timeout);
    // Not before the name is known, and not after.
    const NetNamespace::Inside inside(lab.a);
    ProbeLab<ProbeStamp> probe(short_run);
    for (const std::string& address : {lab.target(), std::string("name.invalid")}) {
        bool ended = false;
        const auto run = probe.source.make_run({"t", address}, probe.context);
        run->begin([&](const Finding&) {
            CHECK_FALSE(ended);
            ended = true;
        });
        CHECK_FALSE(ended);
        probe.loop.poll();
    }
    probe.loop.poll();
}

TEST_CASE("probe_stamp: a reflector whose times cannot be", "[plugins][stamp]") {
    probes::StampOutcome outcome;
    probes::StampSlot slot;
    slot.answer = probes::StampAnswer{7, -5'000'000'000, 0, 1'000'000, {true, false, 0.001}};
    outcome.record.slots = {slot, slot};
    const Finding found = plugins::stamp_figures(outcome, clock_that_is(true, 1), 10);
    CHECK(found.result == ProbeResult::body_mismatch);
    CHECK(found.step == "server");
    CHECK(
        found.detail ==
        "the reflector's times make no sense: it says that it kept a packet for 5000.000 ms that "
        "was back after 1.000 ms"
    );
    CHECK(figure(found, "net.udp.rtt").values.empty());
    CHECK(figure(found, "net.udp.owd").values.empty());
    CHECK(only_value(found, "net.udp.lost", "dir=round_trip") == 0);
    CHECK(only_value(found, "net.udp.lost", "dir=forward") == 0);
    // Where this clock was set, that is why, and nobody else is to blame.
    outcome.clock_stepped = true;
    CHECK(plugins::stamp_figures(outcome, clock_that_is(true, 1), 10).result == ProbeResult::ok);
}

TEST_CASE("probe_stamp: why the direction of loss is not known", "[plugins][stamp]") {
    const auto fact = [](const probes::StampRecord& record) {
        probes::StampOutcome outcome;
        outcome.record = record;
        for (const auto& [name, text] : plugins::stamp_figures(outcome, {}, 10).facts) {
            if (name == "direction of loss") {
                return text;
            }
        }
        return std::string();
    };
    probes::StampSlot gone;
    probes::StampSlot first;
    first.answer = probes::StampAnswer{7, 0, 0, 1'000'000, {}};
    probes::StampSlot last = first;
    last.answer->reflector_sequence = 70;
    CHECK(fact({{first, last}, 0}).empty());
    CHECK(fact({{first, gone}, 0}) == "not known: the last packets were not answered");
    CHECK(
        fact({{first, gone, last}, 0}) ==
        "not known: the reflector's numbers are not of this test alone"
    );
    last.sequence = 70;
    first.sequence = 7;
    CHECK(fact({{first, gone, last}, 0}) == "not known: the reflector has no numbers of its own");
}

TEST_CASE("probe_stamp: what the box refuses to send is lost", "[plugins][stamp]") {
    if (no_laboratory()) {
        return;
    }
    const std::string short_run = "count = 3\nspacing_ms = 5\nwait_ms = 300\ntimeout_s = 2\n";
    StampLaboratory lab({}, {});
    const auto refused = [&](const std::string& kind, const std::string& words) {
        CAPTURE(kind);
        const std::string there = "198.51.100.7";
        CHECK(::cxedge::test::run(lab.a.inside({"ip", "route", "add", kind, there})).status == 0);
        const NetNamespace::Inside inside(lab.a);
        ProbeLab<ProbeStamp> probe(short_run);
        const Finding found = probe.run(there);
        CHECK(::cxedge::test::run({"ip", "route", "del", kind, there}).status == 0);
        CHECK(found.result == ProbeResult::no_route);
        CHECK(found.step == "send");
        INFO(found.detail);
        CHECK(found.detail.find(words) != std::string::npos);
        CHECK(only_value(found, "net.udp.sent") == 3);
        CHECK(only_value(found, "net.udp.lost", "dir=round_trip") == 3);
        CHECK(figure(found, "net.udp.rtt").values.empty());
    };
    refused("unreachable", "");
    refused("prohibit", "prohibits");
    refused("blackhole", "blackhole");
}

TEST_CASE("probe_stamp: a budget ends it", "[plugins][stamp]") {
    ReflectorThread reflector("listen = \"127.0.0.1:0\"\n");
    ProbeLab<ProbeStamp> lab("count = 100\nspacing_ms = 1\nwait_ms = 300\n");
    probes::BudgetLimits limits;
    limits.test_packets = 20;
    probes::Meter meter("", "", "test", limits, lab.clock);
    const probes::ProbeContext context{
        lab.loop, lab.clock, lab.resolver, meter, "", std::chrono::seconds(5)};
    std::optional<Finding> found;
    const auto run =
        lab.source.make_run({"t", "127.0.0.1:" + std::to_string(reflector.port())}, context);
    run->begin([&](Finding finding) {
        found = std::move(finding);
        lab.loop.stop();
    });
    lab.loop.run();
    REQUIRE(found);
    CHECK(found->result == ProbeResult::capped);
    CHECK(meter.used().packets <= 21);
    CHECK(only_value(*found, "net.udp.sent") <= 20);
    CHECK(only_value(*found, "net.udp.sent") >= 1);
}

}  // namespace cxedge::test
