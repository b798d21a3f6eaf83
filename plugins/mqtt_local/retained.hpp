// SPDX-License-Identifier: Apache-2.0
// What a broker kept is a last known state and not a reading: its sender may be long dead.
#pragma once

#include <chrono>

#include "agent/base/clock.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::plugins {

// Leaves the report of a retained message as it is when it is about a device that was heard of
// within `silent`, or when it is what brokers are meant to keep (who is there; lists). Else only
// the inventory remains: no readings, no events, and nobody comes up by it.
// `believe`: false, and nothing counts as heard of lately.
void settle_retained(
    devices::Report& report, WallTime now, std::chrono::milliseconds silent, bool believe
);

}  // namespace cxedge::plugins
