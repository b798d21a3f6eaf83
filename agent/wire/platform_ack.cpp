// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/platform_ack.hpp"

#include <cassert>

#include <fmt/core.h>

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::size_t kMaxAckBytes = 16U << 10U;

Status check(const cx::v1::Ack& ack) {
    if (static_cast<std::size_t>(ack.lane_size()) > kMaxLaneAcks) {
        return corrupt(fmt::format("ack: {} lanes, at most {}", ack.lane_size(), kMaxLaneAcks));
    }
    for (const cx::v1::LaneAck& lane : ack.lane()) {
        if (lane.lane() >= static_cast<std::uint32_t>(kLaneCount)) {
            return corrupt(fmt::format("ack: lane {} is unknown", lane.lane()));
        }
    }
    return {};
}

}  // namespace

std::string encode_platform_ack(const PlatformAck& ack) {
    assert(ack.lanes.size() <= kMaxLaneAcks);
    cx::v1::Ack out;
    out.set_platform_ack(ack.platform_ack);
    for (const LaneAck& lane : ack.lanes) {
        cx::v1::LaneAck& added = *out.add_lane();
        added.set_epoch(lane.epoch);
        added.set_lane(static_cast<std::uint32_t>(lane.lane));
        added.set_contig(lane.contig);
    }
    return out.SerializeAsString();
}

Result<PlatformAck> decode_platform_ack(std::string_view payload) {
    cx::v1::Ack in;
    if (payload.size() > kMaxAckBytes ||
        !in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("ack: {} bytes are not an Ack", payload.size()));
    }
    if (const Status fine = check(in); !fine) {
        return fine.error();
    }
    PlatformAck ack;
    ack.platform_ack = in.platform_ack();
    for (const cx::v1::LaneAck& lane : in.lane()) {
        ack.lanes.push_back({lane.epoch(), static_cast<Lane>(lane.lane()), lane.contig()});
    }
    return ack;
}

}  // namespace cxedge::wire
