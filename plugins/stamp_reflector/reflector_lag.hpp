// SPDX-License-Identifier: Apache-2.0
// How long an answer takes from the time written in it until the kernel has sent it: signing, the
// call, the stack. A packet cannot carry a time that is not yet known, so what the packets before
// took stands in for it. Thread: the loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plugins/_probes/packet_socket.hpp"

namespace cxedge::plugins {

class ReflectorLag {
public:
    // The kernel's count of an answer, and when its time was taken.
    void began(std::uint32_t id, std::int64_t realtime_ns);
    void sent(std::uint32_t id, const probes::PacketTime& time);
    // The median of the latest ones, nanoseconds: half of the answers seem sent a little too early,
    // half too late, and the median of a round trip is right. 0: not known.
    [[nodiscard]] std::int64_t expected() const;

private:
    // Beyond a millisecond it was not the kernel's work: the process had to wait, or the clock was
    // set.
    static constexpr std::int64_t kLongest = 1'000'000;
    static constexpr std::size_t kKept = 8;
    static constexpr std::size_t kWaiting = 64;
    struct Began {
        std::uint32_t id = 0;
        std::int64_t realtime_ns = 0;  // 0: none
    };
    std::array<Began, kWaiting> waiting_{};
    std::array<std::int64_t, kKept> lags_{};
    std::size_t count_ = 0;
};

}  // namespace cxedge::plugins
