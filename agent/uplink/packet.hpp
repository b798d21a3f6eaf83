// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::uplink {

struct Packet {
    std::string topic;
    std::string payload;
};

// What is decided about a batch only when it is sent: times in UTC, with the clock as it is
// known by now; live or backfill; the id of its dictionary.
struct SendTime {
    WallTime wall{};
    BootTime boot{};
    std::uint32_t boot_count = 0;          // of the spool: whose boot `boot` belongs to
    std::chrono::milliseconds live_age{};  // sealed longer ago is backfill
    wire::ClockState clock;
};

Packet make_packet(
    const wire::Topics& topics,
    const store::StoredBatch& stored,
    const SendTime& time,
    std::uint32_t dict_id
);

}  // namespace cxedge::uplink
