// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/store/database_file.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/spool.hpp"
#include "agent/store/sqlite_queue.hpp"

namespace cxedge::store {

struct Salvaged {
    std::uint64_t batches = 0;
    std::uint64_t definitions = 0;
    std::uint64_t abandoned = 0;    // rows not tried: out of time or of space
    std::vector<LostBatch> losses;  // rows seen and not readable; epoch 0: not even that
};

// Copies from a damaged queue into an empty one what its check sums prove good: series definitions
// from 0 up to the first bad one, and every batch that these can decode, with its position, epoch
// and seq. Never fails: what cannot be read stays in the damaged file.
Salvaged salvage(const DatabasePlace& damaged, SqliteQueue& queue, const Clock& clock);

}  // namespace cxedge::store
