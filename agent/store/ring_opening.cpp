// SPDX-License-Identifier: Apache-2.0
// Opening a ring: what its file holds is believed only as far as check sums go.
#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/store/batch_row.hpp"
#include "agent/store/ring_record.hpp"
#include "agent/store/sealed_ring.hpp"

namespace cxedge::store {
namespace {

constexpr std::size_t kLeastBytes = 16U << 10U;
constexpr std::uint64_t kSingleRows = 8;

std::size_t aligned(std::size_t bytes) {
    return (std::max(bytes, kLeastBytes) + kRecordAlignment - 1) / kRecordAlignment *
           kRecordAlignment;
}

bool plausible(const RingState& state, std::size_t capacity) {
    const auto inside = [capacity](std::size_t offset) {
        return offset <= capacity && offset % kRecordAlignment == 0;
    };
    const bool ordered = state.wrap == 0 ? state.head <= state.tail
                                         : state.tail < state.head && state.head <= state.wrap;
    return inside(state.head) && inside(state.tail) && inside(state.wrap) && ordered;
}

Gap gap_of(const RingRecord& record) {
    const Lane lane = lane_of(static_cast<Stream>(record.stream));
    return gap_of(LostBatch{lane, record.epoch, record.seq, record.samples, record.events});
}

std::string memory_only_text(const std::string& path, const Error& error) {
    return fmt::format(
        "ring {}: {}; batches not yet in queue.db are in memory only and would not survive the "
        "process",
        path,
        error.message
    );
}

}  // namespace

std::vector<Gap> gaps_between(
    Lane lane, std::uint64_t epoch, const Holding& lost, const std::vector<std::uint64_t>& present
) {
    std::vector<Gap> gaps;
    // Samples without a batch: of one that was met and could not be read.
    if (lost.batches == 0 && lost.samples == 0 && lost.events == 0) {
        return gaps;
    }
    const auto add = [&](std::uint64_t first, std::uint64_t last) {
        if (first <= last) {
            gaps.push_back({lane, epoch, first, last, 0, 0, GapCause::corrupt});
        }
    };
    // Counted up again after all was gone, it may not know where it began.
    std::uint64_t next = std::max<std::uint64_t>(lost.first_seq, lost.last_seq == 0 ? 0 : 1);
    for (const std::uint64_t seq : present) {
        if (seq >= next && seq <= lost.last_seq) {
            add(next, seq - 1);
            next = seq + 1;
        }
    }
    add(next, lost.last_seq);
    const auto numbers = std::accumulate(
        gaps.begin(),
        gaps.end(),
        std::uint64_t{0},
        [](std::uint64_t sum, const Gap& gap) { return sum + gap.last_seq - gap.first_seq + 1; }
    );
    // Single damaged rows lie among many numbers that were delivered, and nobody knows which they
    // are; a log that was cut loses a run of what was lately sent, some of which has arrived.
    const bool single_rows = lost.batches <= kSingleRows && numbers > 2 * lost.batches;
    if (numbers == 0 || single_rows) {
        gaps.insert(gaps.begin(), {lane, epoch, 0, 0, 0, 0, GapCause::corrupt});
    }
    gaps.front().samples = lost.samples;
    gaps.front().events = lost.events;
    return gaps;
}

SealedRing::Found SealedRing::walk(const RingFile& file, std::size_t from, std::size_t to) {
    Found found;
    found.damaged = to > file.capacity();
    to = std::min(to, file.capacity());
    while (from < to) {
        const auto record = read_record(file.at(from), to - from);
        if (!record) {
            found.damaged = true;
            from += kRecordAlignment;
            continue;
        }
        take_record(file.at(from), *record, found);
        from += record->length;
    }
    return found;
}

void SealedRing::take_record(const char* from, const RingRecord& record, Found& found) {
    const bool held = record.released == 0;
    if (is_definition(record)) {
        auto definition = held ? read_definition(from, record) : std::nullopt;
        found.damaged = found.damaged || (held && !definition);
        if (definition) {
            found.definitions.push_back(std::move(*definition));
        }
        return;
    }
    const auto lane = static_cast<std::size_t>(lane_of(static_cast<Stream>(record.stream)));
    found.seqs.at(lane).push_back(record.seq);
    auto batch = held ? read_batch(from, record) : std::nullopt;
    if (batch) {
        found.kept.push_back({std::move(*batch), BootTime(record.appended_boot_ms)});
    } else if (held) {
        found.damaged = true;
        found.lost.push_back(gap_of(record));
    }
}

// Without a state to go by: wherever a whole record lies. Released ones say so themselves.
SealedRing::Found SealedRing::walk_all(const RingFile& file, const RingState* state) {
    Found found;
    if (state == nullptr) {
        found = walk(file, 0, file.capacity() / kRecordAlignment * kRecordAlignment);
        found.damaged = true;
    } else {
        found = walk(file, state->head, state->wrap == 0 ? state->tail : state->wrap);
        Found second = walk(file, 0, state->wrap == 0 ? 0 : state->tail);
        found.damaged = found.damaged || second.damaged;
        std::move(second.kept.begin(), second.kept.end(), std::back_inserter(found.kept));
        std::move(second.lost.begin(), second.lost.end(), std::back_inserter(found.lost));
        std::move(
            second.definitions.begin(),
            second.definitions.end(),
            std::back_inserter(found.definitions)
        );
        for (std::size_t lane = 0; lane < found.seqs.size(); ++lane) {
            auto& seqs = found.seqs.at(lane);
            seqs.insert(seqs.end(), second.seqs.at(lane).begin(), second.seqs.at(lane).end());
        }
    }
    std::sort(found.kept.begin(), found.kept.end(), [](const Kept& one, const Kept& other) {
        return std::pair(lane_of(one.batch.batch.stream), one.batch.position) <
               std::pair(lane_of(other.batch.batch.stream), other.batch.position);
    });
    std::sort(
        found.definitions.begin(),
        found.definitions.end(),
        [](const RingDefinition& one, const RingDefinition& other) { return one.id < other.id; }
    );
    return found;
}

// What the counts say was there and the walk has not found.
std::vector<Gap> SealedRing::lost_between(const Found& found, const RingState& state) {
    std::vector<Gap> gaps = found.lost;
    std::array<Holding, kLaneCount> missing = state.here;
    for (const Kept& kept : found.kept) {
        const NewBatch& batch = kept.batch.batch;
        take_off(missing.at(index(lane_of(batch.stream))), batch);
    }
    for (const Gap& gap : found.lost) {
        take_off(missing.at(index(gap.lane)), gap);
    }
    for (std::size_t lane = 0; lane < missing.size(); ++lane) {
        std::vector<std::uint64_t> seqs = found.seqs.at(lane);
        std::sort(seqs.begin(), seqs.end());
        const auto more =
            gaps_between(static_cast<Lane>(lane), state.epoch, missing.at(lane), seqs);
        gaps.insert(gaps.end(), more.begin(), more.end());
    }
    return gaps;
}

Result<SealedRing::Opening> SealedRing::open(const Options& options) {
    Opening opening = open_file(options);
    if (!opening.ring.file_.usable()) {
        return exhausted("no memory for the ring");
    }
    return opening;
}

SealedRing::Opening SealedRing::open_file(const Options& options) {
    if (options.path.empty()) {
        return remake(options, {}, random_u64());
    }
    auto file = RingFile::map(options.path);
    if (file) {
        return open_mapped(std::move(*file), options);
    }
    if (file.error().code == ErrorCode::unavailable) {
        Options aside = options;
        aside.path.clear();
        Opening opening = remake(aside, {}, random_u64());
        // Whosever it is: it is not for us to take, neither later.
        opening.ring.memory_only_ = memory_only_text(options.path, file.error());
        opening.repairs.push_back(opening.ring.memory_only_);
        return opening;
    }
    Opening opening = remake(options, {}, random_u64());
    if (file.error().code == ErrorCode::corrupt) {
        opening.repairs.push_back("the ring was " + file.error().message + ": made anew");
    }
    return opening;
}

SealedRing::Opening SealedRing::open_mapped(RingFile file, const Options& options) {
    RingState state;
    const bool known =
        file.header_good() && file.load(state) && plausible(state, file.made_capacity());
    Found found = walk_all(file, known ? &state : nullptr);
    const bool same_boot = file.header_good() && file.of_boot(options.boot_id);
    const std::size_t wanted = aligned(options.bytes);
    if (known && !found.damaged && same_boot && file.capacity() == wanted &&
        file.made_capacity() == wanted) {
        Opening opening = go_on(std::move(file), state);
        opening.definitions = std::move(found.definitions);
        return opening;
    }
    const bool carried = known && same_boot;
    Opening opening = remake(options, found, carried ? file.id() : random_u64());
    if (carried && opening.ring.file_.usable()) {
        opening.ring.carry_over(state, file);
        opening.continued = true;
    }
    opening.definitions = found.definitions;
    opening.lost = known ? lost_between(found, state) : found.lost;
    std::string why = "had another size";
    if (!known || found.damaged) {
        why = "was damaged";
    } else if (!same_boot) {
        why = "is of an earlier boot";
    }
    if (!known || found.damaged || !found.kept.empty()) {
        opening.repairs.push_back(
            fmt::format("the ring {}: {} batches kept in a new one", why, found.kept.size())
        );
    }
    return opening;
}

// Only records were damaged, or the size changed: what is known of numbers, journal and queue.db
// still holds.
void SealedRing::carry_over(const RingState& state, const RingFile& file) {
    state_.epoch = state.epoch;
    state_.next_number = std::max(state_.next_number, state.next_number);
    state_.next_seq = state.next_seq;
    state_.sealed_through = state.sealed_through;
    state_.flash = state.flash;
    for (std::size_t which = 0; which < state.erased; ++which) {
        note_erased(file.erased(which));
    }
    publish();
}

SealedRing::Opening SealedRing::go_on(RingFile file, const RingState& state) {
    Opening opening;
    opening.continued = true;
    SealedRing& ring = opening.ring;
    ring.file_ = std::move(file);
    ring.state_ = state;
    ring.state_.here = {};
    ring.index_records(state.head, state.wrap == 0 ? state.tail : state.wrap);
    ring.index_records(0, state.wrap == 0 ? 0 : state.tail);
    ring.wipe_unpublished();
    ring.publish();
    return opening;
}

// Requires that a walk found no damage between the two.
void SealedRing::index_records(std::size_t from, std::size_t to) {
    for (std::size_t offset = from; offset < to;) {
        const auto record = read_record(file_.at(offset), to - offset);
        if (record->released == 0 && is_definition(*record)) {
            definitions_[static_cast<std::uint32_t>(record->seq)] = offset;
        } else if (record->released == 0) {
            index_record(*record, offset);
        }
        offset += record->length;
    }
}

// Records of an append that its process did not finish; a walk without state must not find them.
void SealedRing::wipe_unpublished() {
    std::size_t offset = state_.tail;
    const std::size_t end = state_.wrap == 0 ? capacity() : state_.head;
    while (offset < end) {
        const auto record = read_record(file_.at(offset), end - offset);
        if (!record || record->released != 0) {
            break;
        }
        wipe_record(file_.at(offset));
        offset += record->length;
    }
}

RingFile SealedRing::make_file(
    const Options& options, std::size_t bytes, std::uint64_t id, Opening& opening
) {
    SealedRing& ring = opening.ring;
    if (options.path.empty()) {
        ring.memory_only_ = "there is no directory for the ring of unsent batches";
        return RingFile::in_memory(bytes, id);
    }
    auto made = RingFile::make(options.path, bytes, id, options.boot_id);
    if (made) {
        return std::move(*made);
    }
    ring.memory_only_ = memory_only_text(options.path, made.error());
    ring.lost_path_ = options.path;
    ring.boot_id_ = options.boot_id;
    opening.repairs.push_back(ring.memory_only_);
    return RingFile::in_memory(bytes, id);
}

void SealedRing::take_file_back() {
    if (lost_path_.empty()) {
        return;
    }
    auto copy = file_.copy_to(lost_path_, boot_id_);
    if (!copy) {
        return;
    }
    copy->publish(state_);
    if (copy->take_name(lost_path_)) {
        file_ = std::move(*copy);
        lost_path_.clear();
        memory_only_.clear();
    }
}

SealedRing::Opening SealedRing::remake(
    const Options& options, const Found& found, std::uint64_t id
) {
    std::size_t bytes = 0;
    for (const Kept& each : found.kept) {
        bytes += record_bytes(each.batch.batch.body.size());
    }
    for (const RingDefinition& each : found.definitions) {
        bytes += record_bytes(each.text.size());
    }
    Opening opening;
    SealedRing& ring = opening.ring;
    ring.file_ = make_file(options, std::max(aligned(options.bytes), aligned(bytes)), id, opening);
    if (!ring.file_.usable()) {
        return opening;
    }
    ring.push_definitions(found.definitions);
    for (const Kept& each : found.kept) {
        ring.push({each.batch}, each.appended);
        ring.state_.next_number =
            std::max(ring.state_.next_number, number_of(each.batch.position) + 1);
    }
    ring.state_.sealed_through = {};  // of a ring of which nothing is known
    ring.publish();
    if (const Status named = ring.file_.take_name(options.path); !named) {
        opening.repairs.push_back("ring " + options.path + ": " + named.error().message);
    }
    return opening;
}

}  // namespace cxedge::store
