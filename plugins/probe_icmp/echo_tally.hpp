// SPDX-License-Identifier: Apache-2.0
// What the packets of a burst come to. A packet that was lost keeps its slot. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plugins/probe_icmp/echo_times.hpp"

namespace cxedge::plugins {

// One echo request, in the order of sending.
struct EchoSlot {
    std::uint16_t size = 0;  // index into the payload sizes
    bool sent = false;       // tried: its time came
    bool answered = false;
    bool failed = false;  // the kernel or a router says that nothing will come
    bool reordered = false;
    std::uint32_t duplicates = 0;  // further replies
    EchoTimes times;

    [[nodiscard]] bool settled() const { return answered || failed; }
};

struct EchoTally {
    std::vector<double> rtt;  // seconds, in the order of sending
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t reordered = 0;
    std::uint64_t by_kernel = 0;  // of `rtt`
    // Seconds: mean of |RTT(i) - RTT(i-1)| over packets sent in a row that both came back, as the
    // inter-packet selection of RFC 5481 4.1 (there one way); nothing: no such pair. It is not the
    // running average of RFC 3550 6.4.1, which forgets.
    std::optional<double> jitter;
};

// Of the slots of one size. A reply later than `wait_ns` is none.
EchoTally tally(std::span<const EchoSlot> slots, std::uint16_t size, std::int64_t wait_ns);

}  // namespace cxedge::plugins
