// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "agent/base/result.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cxedge::wire {

// Halves what is in a sealed body, so that a batch that the broker refuses can be bisected: first
// samples, then events, gaps, dead letters and clock steps, in the order they are decoded in. Times
// stay exact, those relative to t0 as well as those of devices.
// invalid_argument: fewer than two things in it. corrupt: as decode_body(). Thread: any.
Result<std::pair<SealedBody, SealedBody>> split_body(const SealedBody& body);

}  // namespace cxedge::wire
