// SPDX-License-Identifier: Apache-2.0
#include "agent/store/queue_opening.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "agent/store/batch_row.hpp"
#include "agent/store/salvage.hpp"

namespace cxedge::store {
namespace {

constexpr std::size_t kRowsAtOnce = 1024;

void add_entry(OpenedQueue& opened, std::size_t lane, const LaneLedger::Entry& entry) {
    opened.ledgers.at(lane).add(entry);
    opened.last_boot = std::max(opened.last_boot, entry.boot);
    opened.last_number = std::max(opened.last_number, number_of(entry.position));
    if (entry.epoch == opened.meta.epoch) {
        std::uint64_t& seq = opened.last_seq.at(lane);
        seq = std::max(seq, entry.seq);
    }
}

Status add_entries(
    OpenedQueue& opened, std::size_t lane, const std::vector<LaneLedger::Entry>& entries
) {
    for (const LaneLedger::Entry& entry : entries) {
        if (lane_of_position(entry.position) != static_cast<Lane>(lane)) {
            return corrupt(fmt::format("row {} is not of its lane", entry.position));
        }
        add_entry(opened, lane, entry);
    }
    return {};
}

Status load_lane(OpenedQueue& opened, std::size_t lane) {
    std::uint64_t after = 0;
    for (;;) {
        const auto entries = opened.queue.entries(static_cast<Lane>(lane), after, kRowsAtOnce);
        if (!entries) {
            return entries.error();
        }
        if (Status status = add_entries(opened, lane, *entries); !status) {
            return status;
        }
        if (entries->size() < kRowsAtOnce) {
            return {};
        }
        after = entries->back().position;
    }
}

Status load(OpenedQueue& opened) {
    const auto meta = read_meta(opened.queue.database());
    if (!meta) {
        return meta.error();
    }
    opened.meta = *meta;
    auto definitions = read_definitions(opened.queue.database());
    if (!definitions) {
        return definitions.error();
    }
    if (!definitions->complete) {
        return corrupt("a series definition is damaged");
    }
    opened.definitions = std::move(definitions->list);
    Status status;
    for (std::size_t lane = 0; status && lane < kLaneTables.size(); ++lane) {
        status = load_lane(opened, lane);
    }
    return status;
}

// One try; a damaged file is put aside on the way.
Result<OpenedQueue> open_once(
    const DatabasePlace& place, const Clock& clock, std::vector<std::string>& repairs
) {
    auto file = open_or_replace(place, queue_format(), clock);
    if (!file) {
        return file.error();
    }
    auto queue = SqliteQueue::prepare(std::move(file->database));
    if (!queue) {
        return queue.error();
    }
    OpenedQueue opened{std::move(*queue), file->created, {}, {}, {}, 0, 0, {}, {}};
    if (!file->moved.empty()) {
        Salvaged salvaged = salvage({file->moved, place.vfs}, opened.queue, clock);
        repairs.push_back(fmt::format(
            "{}; salvaged {} batches and {} series definitions from it; {} batches unreadable, {} "
            "left there",
            file->story,
            salvaged.batches,
            salvaged.definitions,
            salvaged.losses.size(),
            salvaged.abandoned
        ));
        opened.losses = std::move(salvaged.losses);
    }
    Status status = load(opened);
    status = status ? opened.queue.measure() : status;
    return status ? Result<OpenedQueue>(std::move(opened)) : status.error();
}

}  // namespace

Result<OpenedQueue> open_queue(
    const DatabasePlace& place, const Clock& clock, std::vector<std::string>& repairs
) {
    auto opened = open_once(place, clock, repairs);
    if (opened || opened.error().code != ErrorCode::corrupt) {
        return opened;
    }
    // The file passes the checks and its content does not.
    repairs.push_back("queue.db has damaged content: " + opened.error().message);
    mark_suspect(place.path);
    return open_once(place, clock, repairs);
}

Holding holding_of(const LaneLedger& ledger, std::uint64_t epoch) {
    const LaneStatus sums = ledger.status();
    Holding holding{sums.batches, sums.samples, sums.events, 0, 0};
    for (const LaneLedger::Span& span : ledger.spans()) {
        if (span.oldest.epoch == epoch) {
            holding.first_seq = holding.first_seq == 0 ? span.oldest.seq : holding.first_seq;
            holding.last_seq = span.last_seq;
        }
    }
    return holding;
}

namespace {

std::vector<LostBatch> losses_of(Lane lane, const std::vector<LostBatch>& all) {
    std::vector<LostBatch> of_lane;
    std::copy_if(
        all.begin(),
        all.end(),
        std::back_inserter(of_lane),
        [lane](const LostBatch& each) { return each.lane == lane; }
    );
    std::sort(of_lane.begin(), of_lane.end(), [](const LostBatch& one, const LostBatch& other) {
        return std::pair(one.epoch, one.seq) < std::pair(other.epoch, other.seq);
    });
    return of_lane;
}

// What a lane lost is named one by one where it was met, and by what the counts say for the rest.
void add_lane_gaps(
    Lane lane, std::uint64_t epoch, Holding lost, OpenedQueue& now, std::vector<Gap>& gaps
) {
    const auto met = losses_of(lane, now.losses);
    const auto seqs = now.queue.seqs(lane, epoch);
    std::vector<std::uint64_t> known = seqs ? *seqs : std::vector<std::uint64_t>();
    for (const LostBatch& each : met) {
        gaps.push_back(gap_of(each));
        take_off(lost, each);
        if (each.epoch == epoch) {
            known.push_back(each.seq);
        }
    }
    std::sort(known.begin(), known.end());
    const auto rest = gaps_between(lane, epoch, lost, known);
    gaps.insert(gaps.end(), rest.begin(), rest.end());
}

}  // namespace

bool is_stored(const SealedRing::Entry& entry, SqliteQueue& queue) {
    const auto stored = queue.entry_at(entry.position);
    return stored && stored->has_value() && stored->value().epoch == entry.epoch &&
           stored->value().seq == entry.seq;
}

namespace {

// `Entry`: of the queue or of the ring.
template <typename Entry>
void add_to(LaneSums& sums, std::uint64_t position, const Entry& entry) {
    if (const auto lane = lane_of_position(position)) {
        LaneStatus& of = sums.at(static_cast<std::size_t>(*lane));
        ++of.batches;
        of.samples += entry.samples;
        of.events += entry.events;
    }
}

void add_stored(const SealedRing& ring, Lane lane, SqliteQueue& queue, LaneSums& sums) {
    for (const SealedRing::Entry& entry : ring.lane(lane)) {
        if (!entry.released && is_stored(entry, queue)) {
            add_to(sums, entry.position, entry);
        }
    }
}

}  // namespace

Returned returned_of(const SealedRing& ring, SqliteQueue& queue) {
    Returned returned;
    for (const std::uint64_t position : ring.erased()) {
        const auto entry = queue.entry_at(position);
        if (entry && !entry->has_value()) {
            returned.absent.push_back(position);
        } else if (entry) {
            add_to(returned.sums, position, entry->value());
        }
    }
    for (const Lane lane : kLanes) {
        add_stored(ring, lane, queue, returned.sums);
    }
    return returned;
}

std::vector<Gap> gaps_against(const Expected& expected, OpenedQueue& now) {
    std::vector<Gap> gaps;
    for (std::size_t lane = 0; lane < expected.held.size(); ++lane) {
        Holding lost = expected.held.at(lane);
        const LaneStatus found = now.ledgers.at(lane).status();
        lost.batches = less(lost.batches, less(found.batches, expected.returned.at(lane).batches));
        lost.samples = less(lost.samples, less(found.samples, expected.returned.at(lane).samples));
        lost.events = less(lost.events, less(found.events, expected.returned.at(lane).events));
        add_lane_gaps(static_cast<Lane>(lane), expected.epoch, lost, now, gaps);
    }
    return gaps;
}

}  // namespace cxedge::store
