// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_times.hpp"

#include <cstdlib>

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

// Between looking at one clock and at the other; more, and one of them was set (or we were
// interrupted just there, and then the calls' times do as well).
constexpr std::int64_t kClockSlackNs = 50'000;

}  // namespace

CallTime CallTime::now() {
    return {probes::monotonic_ns(), probes::realtime_ns()};
}

RoundTrip round_trip(const EchoTimes& times) {
    const std::int64_t by_calls = times.back.monotonic - times.sent.monotonic;
    if (times.sent_kernel == 0 || times.back_kernel == 0) {
        return {by_calls, false};
    }
    const std::int64_t clock_moved = times.back.realtime - times.sent.realtime - by_calls;
    const std::int64_t by_kernel = times.back_kernel - times.sent_kernel;
    const bool enclosed = by_kernel >= 0 && by_kernel <= by_calls + kClockSlackNs;
    return enclosed && std::abs(clock_moved) <= kClockSlackNs ? RoundTrip{by_kernel, true}
                                                              : RoundTrip{by_calls, false};
}

}  // namespace cxedge::plugins
