// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::uplink {

struct Packet {
    std::string topic;
    std::string payload;
    std::optional<std::uint32_t> dictionary_part;
    std::optional<MessageProperties> answer{};  // to somebody who waits for it: not retained
};

// To where `asked` says, with its correlation data.
Packet answer_packet(const MessageProperties& asked, std::string payload);

// What is decided about a batch only when it is sent.
struct BatchTime {
    WallTime t0{};  // UTC of the batch's relative time 0
    wire::ClockState clock;
    bool estimated = false;
    store::BootBounds bounds{};  // of t0, when estimated
    bool backfill = false;
};

// A stored batch in the words of wire.
wire::SealedBody body_of(const store::NewBatch& batch);

Packet make_packet(
    const wire::Topics& topics,
    const store::StoredBatch& stored,
    const BatchTime& time,
    std::uint32_t dict_id
);

}  // namespace cxedge::uplink
