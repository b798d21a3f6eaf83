// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/refused_batches.hpp"

#include <utility>
#include <vector>

#include <fmt/core.h>

#include "agent/uplink/packet.hpp"
#include "agent/uplink/reason_code.hpp"
#include "agent/wire/split_body.hpp"

namespace cxedge::uplink {
namespace {

// Storage did not let us: try again then. Or there is nothing else to do than to keep it.
constexpr std::chrono::milliseconds kStorageRetry{5000};
constexpr std::chrono::milliseconds kKeep{300000};

store::NewBatch part_of(const store::NewBatch& whole, wire::SealedBody body) {
    store::NewBatch part = whole;
    part.codec = body.codec;
    part.body = std::move(body.bytes);
    part.samples = body.samples;
    part.events = body.events;
    part.dict_size = body.dict_size;
    part.t0_boot_ms = body.t0.count();
    return part;
}

std::string reason_text(std::uint8_t reason) {
    return reason == 0 ? "too large for the broker" : describe_reason(reason);
}

RefusedBatches::Outcome later(SteadyTime at, std::string note) {
    return {at, std::move(note)};
}

}  // namespace

RefusedBatches::Outcome RefusedBatches::settle(const Refusal& refusal, SteadyTime now) {
    Refusal asked = refusal;
    asked.reason = refusal.reason == 0 ? reasons::kPacketTooLarge : refusal.reason;
    const Ruling ruling = book_.rule(asked, now);
    switch (ruling.act) {
        case Ruling::Act::retry:
            return later(now + ruling.pause, {});
        case Ruling::Act::split:
            return split(refusal, ruling.attempts, now);
        case Ruling::Act::bury:
            return bury(refusal, ruling.attempts, now);
    }
    return {};
}

RefusedBatches::Outcome RefusedBatches::split(
    const Refusal& refusal, std::uint32_t attempts, SteadyTime now
) {
    auto batches = spool_->read(refusal.lane, refusal.position - 1, 1);
    if (!batches) {
        return later(now + kStorageRetry, "reading it: " + batches.error().message);
    }
    if (batches->empty() || batches->front().position != refusal.position) {
        return {};  // dropped meanwhile, and declared by who dropped it
    }
    const store::NewBatch& whole = batches->front().batch;
    auto halves = wire::split_body(body_of(whole));
    if (!halves && refusal.lane == Lane::control && whole.samples + whole.events == 0) {
        // One declaration. Burying it would declare the next one.
        return later(now + kKeep, "kept: it declares what is missing");
    }
    if (!halves) {
        return bury(refusal, attempts, now);
    }
    std::vector<store::NewBatch> parts;
    parts.push_back(part_of(whole, std::move(halves->first)));
    parts.push_back(part_of(whole, std::move(halves->second)));
    if (const Status status = spool_->split(refusal.position, std::move(parts)); !status) {
        return later(now + kStorageRetry, "splitting it: " + status.error().message);
    }
    book_.forget(refusal.lane, refusal.position);
    return {{}, "split in two"};
}

RefusedBatches::Outcome RefusedBatches::bury(
    const Refusal& refusal, std::uint32_t attempts, SteadyTime now
) {
    if (const Status status = spool_->bury(refusal.position, refusal.reason, attempts); !status) {
        return later(now + kStorageRetry, "burying it: " + status.error().message);
    }
    book_.forget(refusal.lane, refusal.position);
    ++buried_;
    return {{}, fmt::format("buried as a dead letter: {}", reason_text(refusal.reason))};
}

}  // namespace cxedge::uplink
