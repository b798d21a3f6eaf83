// SPDX-License-Identifier: Apache-2.0
// Priority classes of delivery and the streams that travel in them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cxedge {

// A lane has its own sequence numbers; lower lanes are sent first.
enum class Lane : std::uint8_t {
    control = 0,  // events, alerts, gaps
    live = 1,     // KPI samples
    bulk = 2,     // diagnostics, the agent's own health
};
inline constexpr int kLaneCount = 3;
// In order of sending.
inline constexpr std::array<Lane, kLaneCount> kLanes{Lane::control, Lane::live, Lane::bulk};

// What a batch holds; names its topic.
enum class Stream : std::uint8_t {
    event = 0,   // up/evt, lane control
    kpi = 1,     // up/live/kpi or up/back/kpi, lane live
    bulk = 2,    // up/live/bulk or up/back/bulk, lane bulk
    health = 3,  // up/health, lane bulk
};
inline constexpr int kStreamCount = 4;
inline constexpr std::array<Stream, kStreamCount> kStreams{
    Stream::event, Stream::kpi, Stream::bulk, Stream::health};

constexpr Lane lane_of(Stream stream) {
    switch (stream) {
        case Stream::event:
            return Lane::control;
        case Stream::kpi:
            return Lane::live;
        case Stream::bulk:
        case Stream::health:
            return Lane::bulk;
    }
    return Lane::bulk;
}

std::string_view to_string(Lane lane);
std::string_view to_string(Stream stream);

}  // namespace cxedge
