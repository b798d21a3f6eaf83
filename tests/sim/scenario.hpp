// SPDX-License-Identifier: Apache-2.0
// What a seed has in store: the box's settings, the load, and which faults come when.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/box.hpp"
#include "tests/sim/dice.hpp"

namespace cxedge::sim {

enum class FaultKind : std::uint8_t {
    kill,
    power_cut,
    broker_down,     // lasts
    broker_stopped,  // lasts: SIGSTOP
    broker_crash,    // forgets what it acknowledged
    connection_cut,
    acks_late,         // lasts
    acks_missing,      // lasts
    refuse_quota,      // lasts: 0x97 for everything
    refuse_topic,      // lasts: 0x87 for live KPIs
    refuse_some,       // lasts: 0x83 for some packets
    disk_full,         // lasts
    disk_write_error,  // lasts
    disk_sync_error,   // lasts
    clock_step,
};
std::string_view to_string(FaultKind kind);

struct Fault {
    milliseconds at{0};  // since the beginning
    FaultKind kind = FaultKind::kill;
    milliseconds lasts{0};
    bool inside = false;   // kill, power_cut: in the middle of a disk operation
    bool damaged = false;  // kill, power_cut: and a file is damaged while the box is down
    bool no_chip = false;  // power_cut: the clock shows 1970 afterwards
    milliseconds step{0};  // clock_step
};

struct Scenario {
    BoxSettings box;
    uplink::BrokerLimits limits;
    bool platform_ack = false;
    bool boots_in_1970 = false;
    bool windows = false;  // lane 2 holds increments in windows, else raw readings
    milliseconds length{600'000};
    milliseconds longest_step{250};
    std::int64_t most_readings = 20;  // of a step
    std::vector<Fault> faults;        // in order of time

    [[nodiscard]] bool has(FaultKind kind) const;
    [[nodiscard]] bool damages() const;
    [[nodiscard]] std::string describe() const;

    static Scenario roll(std::uint64_t seed);
};

}  // namespace cxedge::sim
