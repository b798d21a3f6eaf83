// SPDX-License-Identifier: Apache-2.0
// What the platform says it holds: retained on dn/ack. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"

namespace cxedge::wire {

struct LaneAck {
    std::uint64_t epoch = 0;
    Lane lane = Lane::live;
    std::uint64_t contig = 0;  // every seq up to this one was received or will never come
    bool operator==(const LaneAck&) const = default;
};

struct PlatformAck {
    bool platform_ack = false;  // false: withdrawn, the broker's word is enough
    std::vector<LaneAck> lanes;
    bool operator==(const PlatformAck&) const = default;
};

// More lanes than a node can have sent in: beyond it a payload is corrupt.
inline constexpr std::size_t kMaxLaneAcks = 256;

// Requires: at most kMaxLaneAcks.
std::string encode_platform_ack(const PlatformAck& ack);
// An empty payload (a retained message that was cleared) is a withdrawal. corrupt: says why.
Result<PlatformAck> decode_platform_ack(std::string_view payload);

}  // namespace cxedge::wire
