// SPDX-License-Identifier: Apache-2.0
// Times within a body: relative to its t0, or UTC that a device declared.
#pragma once

#include <cstdint>

#include "agent/base/decimal.hpp"
#include "agent/model/sample.hpp"

namespace cxedge::wire {

// Writes fields t and device_time of `message`. Boot times are written relative to `t0`.
template <class Message>
void set_time(const SampleTime& time, std::int64_t t0, Message& message) {
    const bool wall = time.base == SampleTime::Base::wall;
    message.set_t(wall ? time.ms : wrapping_sub(time.ms, t0));
    message.set_device_time(wall);
}

// Relative times count from `t0` and get its base.
template <class Message>
SampleTime time_of(const Message& message, const SampleTime& t0) {
    if (message.device_time()) {
        return {SampleTime::Base::wall, message.t()};
    }
    return {t0.base, wrapping_add(t0.ms, message.t())};
}

}  // namespace cxedge::wire
