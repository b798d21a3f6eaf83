// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/wire/batch_codec.hpp"

namespace cxedge::app {

// What the kernel says of the wall clock (adjtimex(2)): synchronised with an error estimate, or
// free running; a clock before 2020 has never been set. Thread: any.
wire::ClockState probe_clock();

}  // namespace cxedge::app
