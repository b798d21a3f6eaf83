// SPDX-License-Identifier: Apache-2.0
// Sends STAMP packets to a reflector at given times and takes down what comes back. Thread: the
// loop's.
//
// A lost packet is told from one that is still on its way by `wait`. Whether packet or answer was
// lost, a reflector that counts by itself tells with its next answer; so where the last packet is
// not answered, further ones are sent until one is (10 at most). They count like all others, which
// does not bend the share that is lost: when sending ends does not depend on the packets to come.
// Their numbers leave a gap that tells a reflector that counts from one that repeats.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/kernel_clock.hpp"

#include "plugins/_probes/probe.hpp"
#include "plugins/_probes/stamp_record.hpp"

namespace cxedge::probes {

using KernelClockReader = std::function<KernelClock()>;
// What packets say of this clock: what it says it is wrong at most.
std::uint16_t stamp_error_field(const KernelClock& clock);

struct StampPlan {
    std::vector<std::chrono::microseconds> times;  // of each packet, from the first; ascending
    std::size_t payload_bytes = 0;                 // of UDP; 0: no padding
    std::string key;                               // empty: unauthenticated mode
    int dscp = 0;                                  // 0..63 (RFC 2474)
    Family family = Family::any;
    std::chrono::milliseconds wait{2'000};  // a packet is lost that is not back by then
};

struct StampOutcome {
    ProbeResult result = ProbeResult::ok;  // ok: at least one answer
    std::string step;
    std::string detail;
    StampRecord record;
    std::string address;        // that was tested; empty: none
    std::uint64_t foreign = 0;  // packets that answer none of ours, or with a wrong signature
    // The clock was set during the test: no time that spans it is right.
    bool clock_stepped = false;
};

class StampStream {
public:
    using Done = std::function<void(StampOutcome)>;

    // `own_clock`: kernel_clock, but in tests.
    StampStream(const ProbeContext& context, StampPlan plan, KernelClockReader own_clock);
    StampStream(const StampStream&) = delete;
    StampStream& operator=(const StampStream&) = delete;
    // Without a call back.
    ~StampStream();

    // `address`: "host" (port 862) or "host:port". Once. `done` comes from the loop, never from
    // within this; there the stream may be destroyed.
    void begin(const std::string& address, Done done);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

// `count` times `spacing` apart on average: each gap is longer or shorter by up to `random` (0..1)
// of it, evenly distributed.
std::vector<std::chrono::microseconds> stamp_times(
    std::size_t count, std::chrono::microseconds spacing, double random
);

// For settings: what is wrong with the address of a target, or empty.
std::string check_stamp_address(const std::string& address);

}  // namespace cxedge::probes
