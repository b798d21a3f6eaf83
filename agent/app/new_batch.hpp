// SPDX-License-Identifier: Apache-2.0
// A sealed body as a batch for the spool, with what the clocks say now. Thread: any.
#pragma once

#include "agent/base/clock.hpp"
#include "agent/base/gap.hpp"
#include "agent/base/lane.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cxedge::app {

store::NewBatch make_batch(Stream stream, wire::SealedBody body, const Clock& clock);
// A lane 0 batch that declares gaps and dead letters, for SpoolOptions::declare.
store::NewBatch declaration_batch(const Declaration& declaration, const Clock& clock);

}  // namespace cxedge::app
