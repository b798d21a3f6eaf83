// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "agent/base/result.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::uplink {

using IsFresh = std::function<bool(const store::StoredBatch&)>;

// The position after which the batches of `lane` are fresh, found in some twenty reads however long
// the backlog: within an epoch batches are stored in the order they were sealed. Empty: the lane
// holds nothing of the present epoch, and so nothing is known.
Result<std::optional<std::uint64_t>> find_fresh_start(
    store::Spool& spool, Lane lane, const IsFresh& is_fresh
);

}  // namespace cxedge::uplink
