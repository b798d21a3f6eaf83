// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_voice/probe_voice.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "plugins/probe_voice/e_model.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/probe_stamp/reflector_thread.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::ProbeVoice;
using probes::Finding;

double share(const Truth& truth) {
    return truth.in == 0 ? 0 : static_cast<double>(truth.dropped) / static_cast<double>(truth.in);
}

double half_trip_ms(const ImpairedLink& link) {
    return (std::chrono::duration<double, std::milli>(
                percentile(link.delays(Direction::a_to_b), 0.5) +
                percentile(link.delays(Direction::b_to_a), 0.5)
           )
                .count()) /
           2;
}

}  // namespace

TEST_CASE("probe_voice: does what its cases say", "[plugins][voice]") {
    check_plugin({"probe_voice", make_source<ProbeVoice>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_voice: the score is that of the line's loss and delay", "[plugins][voice]") {
    if (!ImpairedLink::available()) {
        WARN("skipped: needs root");
        return;
    }
    struct Line {
        Impairment there;
        Impairment back;
        std::string codec;
    };
    const std::vector<Line> lines{
        {{.delay = 20ms}, {.delay = 20ms}, "g711"},
        {{.delay = 150ms, .loss = 0.03, .seed = 3}, {.delay = 150ms}, "g711"},
        {{.delay = 30ms}, {.delay = 30ms, .loss = 0.05, .burst = 3, .seed = 5}, "g711"},
        {{.delay = 30ms, .loss = 0.02, .seed = 2}, {.delay = 30ms}, "g711_no_plc"},
        {{.delay = 300ms, .loss = 0.02}, {.delay = 300ms, .loss = 0.04, .seed = 9}, "g729a"},
    };
    for (const Line& line : lines) {
        const NetNamespace a;
        const NetNamespace b;
        const ImpairedLink link(a, b, line.there, line.back);
        const ReflectorThread reflector("listen = \"0.0.0.0:0\"\n", &b);
        Finding found;
        {
            const NetNamespace::Inside inside(a);
            ProbeLab<ProbeVoice> lab(fmt::format("codec = \"{}\"\nduration_s = 6\n", line.codec));
            found = lab.run(fmt::format("{}:{}", link.ipv4(End::b), reflector.port()));
        }
        const Truth there = link.truth(Direction::a_to_b);
        const Truth back = link.truth(Direction::b_to_a);
        CHECK(found.result == probes::ProbeResult::ok);
        CHECK(only_value(found, "net.voice.sent") == static_cast<double>(there.in));
        CHECK(
            only_value(found, "net.voice.lost", "dir=forward") == static_cast<double>(there.dropped)
        );
        CHECK(
            only_value(found, "net.voice.lost", "dir=backward") == static_cast<double>(back.dropped)
        );
        // 172 bytes, 20 of IP, 8 of UDP.
        CHECK(there.bytes == there.forwarded * 200);
        const std::string worse = share(there) > share(back) ? "dir=forward" : "dir=backward";
        const std::vector<double>& bursts = figure(found, "net.voice.burst_ratio", worse).values;
        const double truth = plugins::mos_of_r(plugins::e_model_r(
            plugins::voice_codec(line.codec),
            half_trip_ms(link),
            std::max(share(there), share(back)),
            bursts.empty() ? 1 : bursts.front()
        ));
        const double measured = only_value(found, "kqi.voice.mos", "codec=" + line.codec);
        fmt::print(
            "{}: mos {:.3f}, of the line {:.3f}; r {:.2f}, delay {:.2f} ms of {:.2f}, loss "
            "{:.3f}/{:.3f}, "
            "burst ratio {:.2f}\n",
            line.codec,
            measured,
            truth,
            only_value(found, "kqi.voice.r"),
            only_value(found, "net.voice.delay") * 1e3,
            half_trip_ms(link),
            share(there),
            share(back),
            bursts.empty() ? 1 : bursts.front()
        );
        CHECK(measured == Approx(truth).margin(0.1));
    }
}

TEST_CASE("probe_voice: a jitter buffer that is too small loses what comes", "[plugins][voice]") {
    if (!ImpairedLink::available()) {
        WARN("skipped: needs root");
        return;
    }
    const NetNamespace a;
    const NetNamespace b;
    const ImpairedLink link(a, b, {.delay = 5ms}, {.delay = 5ms, .jitter = 18ms});
    const ReflectorThread reflector("listen = \"0.0.0.0:0\"\n", &b);
    const NetNamespace::Inside inside(a);
    ProbeLab<ProbeVoice> lab("duration_s = 4\njitter_buffer_ms = 9\n");
    const Finding found = lab.run(fmt::format("{}:{}", link.ipv4(End::b), reflector.port()));
    const auto delays = link.delays(Direction::b_to_a);
    const auto earliest = percentile(delays, 0);
    const auto late = std::count_if(delays.begin(), delays.end(), [&](const AppliedDelay& each) {
        return each.delay - earliest > 9ms;
    });
    CHECK(only_value(found, "net.voice.lost", "dir=backward") == 0);
    CHECK(only_value(found, "net.voice.late", "dir=forward") <= 5.0 * slowness());
    // Some are just at the edge.
    CHECK(
        only_value(found, "net.voice.late", "dir=backward") ==
        Approx(static_cast<double>(late)).margin(12)
    );
    const double pdv = std::chrono::duration<double>(percentile(delays, 0.95) - earliest).count();
    CHECK(
        only_value(found, "net.voice.pdv", "dir=backward") == Approx(pdv).margin(1e-3 * slowness())
    );
    CHECK(only_value(found, "kqi.voice.mos") < 2.5);
}

}  // namespace cxedge::test
