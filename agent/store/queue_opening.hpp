// SPDX-License-Identifier: Apache-2.0
// queue.db opened, repaired where needed, read and believed; at a start and while running.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/store/database_file.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/queue_file.hpp"
#include "agent/store/ring_file.hpp"
#include "agent/store/sealed_ring.hpp"
#include "agent/store/sqlite_queue.hpp"

namespace cxedge::store {

using LaneLedgers = std::array<LaneLedger, kLaneCount>;

struct OpenedQueue {
    SqliteQueue queue;
    bool created = false;
    QueueMeta meta;
    std::vector<std::string> definitions;
    LaneLedgers ledgers;
    std::uint32_t last_boot = 0;                       // highest in any row
    std::uint64_t last_number = 0;                     // of positions
    std::array<std::uint64_t, kLaneCount> last_seq{};  // highest of meta.epoch
    std::vector<LostBatch> losses;                     // met by salvaging
};

// A damaged file is put aside and its good rows are salvaged; `repairs` gets lines about that.
Result<OpenedQueue> open_queue(
    const DatabasePlace& place, const Clock& clock, std::vector<std::string>& repairs
);

// Counts of what a lane holds; the numbers are those of `epoch`.
Holding holding_of(const LaneLedger& ledger, std::uint64_t epoch);

bool is_stored(const SealedRing::Entry& entry, SqliteQueue& queue);

// What is in the queue and was not counted as held by it: erased batches that came back with an
// older state of the file, and batches of the ring whose move was committed when all ended.
using LaneSums = std::array<LaneStatus, kLaneCount>;  // batches, samples and events of them
struct Returned {
    LaneSums sums{};
    std::vector<std::uint64_t> absent;  // positions of those that were erased and are
};
Returned returned_of(const SealedRing& ring, SqliteQueue& queue);

// What was held once and is not in the queue any more, with its cause `corrupt`; what `returned`
// does not count as found.
struct Expected {
    std::array<Holding, kLaneCount> held{};
    LaneSums returned{};
    std::uint64_t epoch = 0;
};
std::vector<Gap> gaps_against(const Expected& expected, OpenedQueue& now);

}  // namespace cxedge::store
