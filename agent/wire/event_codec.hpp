// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/model/event.hpp"

namespace cx::v1 {
class Event;
}

namespace cxedge::wire {

// Boot times are written relative to `t0`.
void encode_event(const Event& event, std::int64_t t0, cx::v1::Event& out);
// One by itself, for the node's own history: its time, unless a device declared it, is not in it.
std::string encode_event(const Event& event);
// Relative times count from `t0` and get its base. corrupt: says which field is wrong.
Result<Event> decode_event(std::string_view bytes, const SampleTime& t0);
// About what encode_event() will take.
std::size_t estimated_event_bytes(const Event& event);

}  // namespace cxedge::wire
