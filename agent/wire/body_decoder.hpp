// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/result.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cxedge::wire {

// Decodes a body whose relative times count from `t0` and get its base: UTC for a receiver, boot
// time on the node that sealed it. corrupt: says where and what. Never allocates more than the
// limits in batch_codec.hpp imply.
Result<DecodedBody> decode_sealed(const SealedBody& body, const SampleTime& t0);

}  // namespace cxedge::wire
