// SPDX-License-Identifier: Apache-2.0
// When an echo went out and came back, by whatever clocks looked. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>

#include "plugins/_probes/packet_socket.hpp"

namespace cxedge::plugins {

// Nanoseconds. A call's time is taken by both clocks at once, before sending and after receiving.
struct CallTime {
    std::int64_t monotonic = 0;
    std::int64_t realtime = 0;
    static CallTime now();
};

struct EchoTimes {
    CallTime sent;
    CallTime back;
    std::int64_t sent_kernel = 0;  // CLOCK_REALTIME; 0: the kernel did not say
    std::int64_t back_kernel = 0;
};

struct RoundTrip {
    std::int64_t ns = 0;
    bool by_kernel = false;
};

// By the kernel's stamps where it has both and they can be right: the calls enclose them, and the
// real-time clock was not set meanwhile. Else by the calls, on the monotonic clock.
RoundTrip round_trip(const EchoTimes& times);

}  // namespace cxedge::plugins
