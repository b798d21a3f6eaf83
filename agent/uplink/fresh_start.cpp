// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/fresh_start.hpp"

#include <utility>

namespace cxedge::uplink {
namespace {

using Found = std::optional<store::StoredBatch>;

// The first batch of the present epoch with a number of at least `seq`.
Result<Found> batch_from(store::Spool& spool, Lane lane, std::uint64_t seq) {
    const auto position = spool.position_of_seq(lane, spool.epoch(), seq);
    if (!position) {
        return position.error();
    }
    if (!*position) {
        return Found();
    }
    auto batches = spool.read(lane, **position - 1, 1);
    if (!batches) {
        return batches.error();
    }
    return batches->empty() ? Found() : Found(std::move(batches->front()));
}

}  // namespace

Result<std::optional<std::uint64_t>> find_fresh_start(
    store::Spool& spool, Lane lane, const IsFresh& is_fresh
) {
    std::optional<std::uint64_t> start;
    std::uint64_t low = 1;  // all before it are old
    std::uint64_t high = spool.status(lane).next_seq;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto found = batch_from(spool, lane, middle);
        if (!found) {
            return found.error();
        }
        if (*found && !is_fresh(**found)) {
            low = (*found)->seq + 1;
            start = (*found)->position;
        } else {
            high = middle;
        }
    }
    if (start) {
        return start;
    }
    const auto first = batch_from(spool, lane, 1);
    if (!first) {
        return first.error();
    }
    return *first ? std::optional((*first)->position - 1) : std::nullopt;
}

}  // namespace cxedge::uplink
