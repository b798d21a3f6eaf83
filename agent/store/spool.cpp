// SPDX-License-Identifier: Apache-2.0
#include "agent/store/spool.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/store/batch_row.hpp"
#include "agent/store/directory_claim.hpp"
#include "agent/store/tiered_spool.hpp"

namespace cxedge::store {
namespace {

using LaneNumbers = std::array<std::uint64_t, kLaneCount>;

// Opens the parts one after the other, repairing on the way and writing down what it did.
class Opener {
public:
    Opener(const SpoolOptions& options, const Clock& clock)
        : options_(options),
          clock_(clock),
          queue_place_{options.directory + "/queue.db", options.vfs},
          state_place_{options.directory + "/state.db", options.vfs} {}

    Result<std::unique_ptr<Spool>> run() {
        auto lock = claim_directory(options_.directory);
        if (!lock) {
            return lock.error();
        }
        auto state = NodeState::open(state_place_, clock_, report_.repairs);
        if (!state) {
            return state.error();
        }
        auto queue = open_queue(queue_place_, clock_, report_.repairs);
        if (!queue) {
            return queue.error();
        }
        const std::string boot_id = read_boot_id();
        auto ring = SealedRing::open({options_.ring_file, options_.ring_bytes, boot_id});
        if (!ring) {
            return ring.error();
        }
        report_.repairs.insert(report_.repairs.end(), ring->repairs.begin(), ring->repairs.end());
        returned_ = returned_of(ring->ring, queue->queue);
        collect_losses(*ring, *queue);
        collect_definitions(*ring, *queue);
        check_ring(*ring, *queue);
        Status status = continue_or_begin(**state, *queue, *ring);
        status = status ? count_boot(**state, *queue, *ring, boot_id) : status;
        if (!status) {
            return status.error().during("preparing " + options_.directory);
        }
        release_undecodable(ring->ring);
        return std::unique_ptr<Spool>(std::make_unique<TieredSpool>(
            options_,
            clock_,
            SpoolParts{
                std::move(*lock),
                std::move(*state),
                std::move(*queue),
                std::move(ring->ring),
                std::move(definitions_),
                sequences_,
                std::move(report_),
                std::move(gaps_)}
        ));
    }

private:
    // The ring's counts say what queue.db held; without them only what was seen can be said.
    void collect_losses(const SealedRing::Opening& ring, OpenedQueue& queue) {
        gaps_ = ring.lost;
        if (ring.continued) {
            const RingState& state = ring.ring.state();
            const auto lost = gaps_against({state.flash, returned_.sums, state.epoch}, queue);
            gaps_.insert(gaps_.end(), lost.begin(), lost.end());
            return;
        }
        for (const LostBatch& lost : queue.losses) {
            gaps_.push_back(gap_of(lost));
        }
    }

    // The ring has those that queue.db had no room for. Of another epoch they would go behind
    // other ones than those that they followed.
    void collect_definitions(const SealedRing::Opening& ring, const OpenedQueue& queue) {
        definitions_ = queue.definitions;
        for (const RingDefinition& each : ring.definitions) {
            if (each.id == definitions_.size() && each.epoch == queue.meta.epoch) {
                definitions_.push_back(each.text);
            } else {
                foreign_definitions_.push_back(each.id);
            }
        }
    }

    // Batches of the ring that need definitions which went with queue.db, or whose positions do
    // not lie behind those of queue.db (another one, or restored from a copy).
    void check_ring(SealedRing::Opening& opening, OpenedQueue& queue) {
        SealedRing& ring = opening.ring;
        RingState& state = ring.state();
        state.next_number = std::max(state.next_number, queue.last_number + 1);
        for (std::size_t lane = 0; lane < queue.ledgers.size(); ++lane) {
            check_lane(ring, static_cast<Lane>(lane), queue);
        }
    }

    void check_lane(SealedRing& ring, Lane lane, OpenedQueue& queue) {
        const std::uint64_t last = queue.ledgers.at(static_cast<std::size_t>(lane)).last_position();
        bool behind = true;
        for (const SealedRing::Entry& entry : ring.lane(lane)) {
            if (entry.dict_size > definitions_.size()) {
                lose(entry);
                continue;
            }
            behind = behind && (entry.position > last || is_stored(entry, queue.queue));
        }
        if (!behind) {
            renumber(ring, lane, queue);
        }
    }

    void lose(const SealedRing::Entry& entry) {
        gaps_.push_back(gap_of(entry.as_lost()));
        undecodable_.push_back(entry.position);
    }

    // Not before the spool has the gaps: a start that fails in between must find them again.
    void release_undecodable(SealedRing& ring) {
        for (const std::uint64_t position : undecodable_) {
            ring.release(*ring.find(position));
        }
        for (const std::uint32_t id : foreign_definitions_) {
            ring.release_definition(id);
        }
        ring.publish();
    }

    // To queue.db under positions behind all others; what cannot go there stays as it is.
    void renumber(SealedRing& ring, Lane lane, OpenedQueue& queue) const {
        auto transaction = Transaction::begin(queue.queue.database());
        if (!transaction || !write_definitions(queue)) {
            return;
        }
        const auto added = insert_behind(ring, lane, queue);
        if (!added || !transaction->commit()) {
            return;
        }
        queue.definitions = definitions_;
        for (const LaneLedger::Entry& entry : *added) {
            queue.ledgers.at(static_cast<std::size_t>(lane)).add(entry);
        }
        for (const SealedRing::Entry& entry : ring.lane(lane)) {
            if (!entry.released && entry.dict_size <= definitions_.size()) {
                ring.release(*ring.find(entry.position));
            }
        }
    }

    // Empty: one of them could not be written.
    std::optional<std::vector<LaneLedger::Entry>> insert_behind(
        SealedRing& ring, Lane lane, OpenedQueue& queue
    ) const {
        std::vector<LaneLedger::Entry> added;
        for (const SealedRing::Entry& entry : ring.lane(lane)) {
            const bool decodable = entry.dict_size <= definitions_.size();
            auto row = entry.released || !decodable || is_stored(entry, queue.queue)
                           ? std::nullopt
                           : ring.read(entry);
            if (!row) {
                continue;
            }
            row->position = position_of(lane, ring.state().next_number++);
            if (!queue.queue.insert(*row)) {
                return std::nullopt;
            }
            added.push_back(entry_of(*row));
        }
        return added;
    }

    Status write_definitions(OpenedQueue& queue) const {
        Status status;
        for (std::size_t id = queue.definitions.size(); status && id < definitions_.size(); ++id) {
            status = write_definition(
                queue.queue.database(), static_cast<std::uint32_t>(id), definitions_[id]
            );
        }
        return status;
    }

    // The epoch goes on only if both files name the same one and no number was given past the
    // floor. That one rule covers files deleted, replaced, restored from a copy or made afresh.
    Status continue_or_begin(
        NodeState& state, const OpenedQueue& queue, SealedRing::Opening& opening
    ) {
        RingState& ring = opening.ring.state();
        const auto known = state.sequences();
        if (known && continues(*known, queue)) {
            ring.next_seq = next_numbers(*known, queue, opening);
            sequences_.epoch = known->epoch;
        } else {
            if (known && queue.created) {
                note("queue.db was missing or lost: a new epoch begins");
            } else if (known || queue.meta.epoch != 0) {
                note("state.db does not fit queue.db: a new epoch begins");
            }
            report_.new_epoch = true;
            sequences_.epoch = random_u64();
            ring.next_seq.fill(1);
        }
        ring.epoch = sequences_.epoch;
        if (gaps_.empty() || !opening.continued) {
            for (std::size_t lane = 0; lane < queue.ledgers.size(); ++lane) {
                ring.flash.at(lane) = holding_of(queue.ledgers.at(lane), ring.epoch);
            }
            opening.ring.set_erased(returned_.absent);
        }
        sequences_.known = ring.next_seq;
        for (std::size_t lane = 0; lane < ring.next_seq.size(); ++lane) {
            sequences_.floor.at(lane) = ring.next_seq.at(lane) + SequenceState::kReserved;
        }
        sequences_.ring_id = opening.ring.id();
        return state.store(sequences_);
    }

    static bool continues(const SequenceState& state, const OpenedQueue& queue) {
        if (queue.meta.epoch != state.epoch) {
            return false;
        }
        for (std::size_t lane = 0; lane < state.floor.size(); ++lane) {
            if (queue.last_seq.at(lane) >= state.floor.at(lane)) {
                return false;
            }
        }
        return true;
    }

    // A ring that goes on knows the next numbers, and a clean stop wrote them down. Otherwise all
    // that were reserved may have been given.
    LaneNumbers next_numbers(
        const SequenceState& known, const OpenedQueue& queue, const SealedRing::Opening& opening
    ) {
        const RingState& ring = opening.ring.state();
        const bool ring_knows =
            opening.continued && ring.epoch == known.epoch && opening.ring.id() == known.ring_id;
        LaneNumbers next = known.floor;
        for (std::size_t lane = 0; lane < next.size(); ++lane) {
            std::uint64_t given = std::max(known.known.at(lane), queue.last_seq.at(lane) + 1);
            for (const SealedRing::Entry& entry : opening.ring.lane(static_cast<Lane>(lane))) {
                given = entry.epoch == known.epoch ? std::max(given, entry.seq + 1) : given;
            }
            if (ring_knows) {
                next.at(lane) = std::max(given, ring.next_seq.at(lane));
            } else if (given < next.at(lane)) {
                gaps_.push_back(
                    {static_cast<Lane>(lane),
                     known.epoch,
                     given,
                     next.at(lane) - 1,
                     0,
                     0,
                     GapCause::uncommitted}
                );
            }
        }
        return next;
    }

    // After the epoch is in state.db: dying in between makes the two differ, which is safe.
    Status count_boot(
        NodeState& state,
        OpenedQueue& queue,
        const SealedRing::Opening& opening,
        const std::string& boot_id
    ) {
        // state.db lost: its count of boots goes on behind what the others have seen.
        std::uint32_t seen = std::max(queue.last_boot, queue.meta.boot);
        for (std::size_t lane = 0; lane < queue.ledgers.size(); ++lane) {
            for (const SealedRing::Entry& entry : opening.ring.lane(static_cast<Lane>(lane))) {
                seen = std::max(seen, entry.boot);
            }
        }
        const auto boot = state.count_boot(boot_id, seen);
        if (!boot) {
            return boot.error();
        }
        const QueueMeta meta{sequences_.epoch, *boot};
        const bool same = meta.epoch == queue.meta.epoch && meta.boot == queue.meta.boot;
        queue.meta = meta;
        return same ? Status() : write_meta(queue.queue.database(), meta);
    }

    std::string read_boot_id() {
        std::string id;
        std::ifstream file(options_.boot_id_file);
        if (!std::getline(file, id) || id.empty()) {
            note("{} is not readable: this start counts as a new boot", options_.boot_id_file);
            id.clear();
        }
        return id;
    }

    template <class... Values>
    void note(fmt::format_string<Values...> text, Values&&... values) {
        report_.repairs.push_back(fmt::format(text, std::forward<Values>(values)...));
    }

    const SpoolOptions& options_;
    const Clock& clock_;
    const DatabasePlace queue_place_;
    const DatabasePlace state_place_;
    SequenceState sequences_;
    SpoolReport report_;
    std::vector<std::string> definitions_;
    Returned returned_;  // of what the ring says was erased
    std::vector<Gap> gaps_;
    std::vector<std::uint64_t> undecodable_;          // positions in the ring
    std::vector<std::uint32_t> foreign_definitions_;  // ids in the ring
};

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(const SpoolOptions& options, const Clock& clock) {
    return Opener(options, clock).run();
}

}  // namespace cxedge::store
