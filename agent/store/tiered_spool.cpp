// SPDX-License-Identifier: Apache-2.0
#include "agent/store/tiered_spool.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "agent/store/batch_row.hpp"
#include "agent/store/ring_record.hpp"

namespace cxedge::store {
namespace {

// The part of the ring that only events and declarations may fill.
constexpr std::size_t kControlPart = 16;
constexpr std::size_t kRowsPerDeletion = 256;

bool only_control(const std::vector<NewBatch>& batches) {
    return std::all_of(batches.begin(), batches.end(), [](const NewBatch& batch) {
        return lane_of(batch.stream) == Lane::control;
    });
}

// `Entry`: of the queue or of the ring.
template <typename Entry>
void count(const Entry& entry, Spool::Delivered& delivered) {
    ++delivered.batches;
    delivered.samples += entry.samples;
    delivered.events += entry.events;
}

// Counts those of (epoch, <= seq) and returns their positions.
std::vector<std::uint64_t> take_through(
    const std::vector<LaneLedger::Entry>& entries,
    std::uint64_t epoch,
    std::uint64_t seq,
    Spool::Delivered& delivered
) {
    std::vector<std::uint64_t> positions;
    for (const LaneLedger::Entry& entry : entries) {
        if (entry.epoch == epoch && entry.seq <= seq) {
            positions.push_back(entry.position);
            count(entry, delivered);
        }
    }
    return positions;
}

}  // namespace

TieredSpool::TieredSpool(const SpoolOptions& options, const Clock& clock, SpoolParts parts)
    : options_(options),
      clock_(clock),
      lock_(std::move(parts.lock)),
      place_{options.directory + "/queue.db", options.vfs},
      epoch_(parts.sequences.epoch),
      boot_(parts.queue.meta.boot),
      ring_id_(parts.ring.id()),
      report_(std::move(parts.report)),
      state_(std::move(parts.state)),
      disk_(options.directory, options.ballast_bytes),
      ring_(std::move(parts.ring)),
      floor_(parts.sequences.floor) {
    pending_.gaps = std::move(parts.gaps);
    definitions_ = std::move(parts.definitions);
    storage_.ring_bytes = ring_.capacity();
    const std::lock_guard lock(disk_mutex_);
    take_over(std::move(parts.queue));
    note_level();
    flush_pending();
}

TieredSpool::~TieredSpool() {
    {
        const std::lock_guard lock(disk_mutex_);
        flush_pending();
    }
    (void)commit(Move::all);  // what cannot be moved stays in the ring
    const std::lock_guard lock(books_mutex_);
    auto sequences = state_->sequences();
    if (sequences) {
        // Should this fail, the ring still knows the numbers, as after a crash.
        sequences->floor = ring_.state().next_seq;
        sequences->known = ring_.state().next_seq;
        (void)state_->store(*sequences);
    }
}

Status TieredSpool::add_definition(std::uint32_t id, std::string_view definition) {
    const std::lock_guard books(books_mutex_);
    if (id != definitions_.size()) {
        return invalid_argument(
            fmt::format("definition {}: the next id is {}", id, definitions_.size())
        );
    }
    definitions_.emplace_back(definition);
    return {};
}

std::vector<std::string> TieredSpool::definitions() const {
    const std::lock_guard books(books_mutex_);
    return definitions_;
}

std::vector<std::string> TieredSpool::committed_definitions() {
    const std::lock_guard lock(disk_mutex_);
    store_definitions();
    const std::lock_guard books(books_mutex_);
    const auto stored = std::span(definitions_).first(stored_definitions_);
    return {stored.begin(), stored.end()};
}

Status TieredSpool::append(std::vector<NewBatch> batches) {
    if (batches.empty()) {
        return {};
    }
    if (Status status = prepare_append(batches); !status) {
        return status;
    }
    if (!append_to_ring(batches)) {
        if (Status status = append_to_full(batches); !status) {
            return status;
        }
    }
    tell_appended();
    return {};
}

Status TieredSpool::append_to_full(std::vector<NewBatch>& batches) {
    const std::lock_guard lock(disk_mutex_);
    const Status moved = commit_now(Move::all);
    if (append_to_ring(batches)) {
        return {};
    }
    if (!moved) {
        return moved.error().during("the ring is full");
    }
    // Larger than the ring.
    Change change;
    change.add = std::move(batches);
    change.limited = true;
    return change_flash(change, "storing batches");
}

void TieredSpool::tell_appended() {
    const std::lock_guard calling(wake_mutex_);
    if (on_append_) {
        on_append_();
    }
}

// Definitions that a batch needs are committed before it, so that the ring need not hold them.
Status TieredSpool::prepare_append(const std::vector<NewBatch>& batches) {
    bool numbers = false;
    bool definitions = false;
    {
        const std::lock_guard books(books_mutex_);
        numbers = numbers_left(batches.size());
        definitions = stored_definitions_ < definitions_.size() &&
                      std::any_of(batches.begin(), batches.end(), [this](const NewBatch& batch) {
                          return batch.dict_size > stored_definitions_;
                      });
    }
    if (numbers && !definitions) {
        return {};
    }
    const std::lock_guard lock(disk_mutex_);
    Status status = numbers ? Status() : reserve_numbers();
    if (status && definitions) {
        store_definitions();
    }
    return status;
}

// Should it fail, the ring holds them, and they are committed later: read() gives out no batch that
// needs them before.
void TieredSpool::store_definitions() {
    if (!failure_ || clock_.steady_now() >= retry_at_) {
        (void)change_flash({}, "storing series definitions");
    }
}

bool TieredSpool::lacks_definitions(Lane lane) const {
    const auto& entries = ring_.lane(lane);
    return stored_definitions_ < definitions_.size() &&
           std::any_of(entries.begin(), entries.end(), [this](const SealedRing::Entry& entry) {
               return !entry.released && entry.dict_size > stored_definitions_;
           });
}

// What the batches need and would not find after a kill -9.
std::vector<RingDefinition> TieredSpool::definitions_for_ring(const std::vector<NewBatch>& batches
) const {
    std::vector<RingDefinition> missing;
    std::size_t needed = 0;
    for (const NewBatch& batch : batches) {
        needed = std::max<std::size_t>(needed, batch.dict_size);
    }
    needed = std::min(needed, definitions_.size());
    for (std::uint32_t id = stored_definitions_; id < needed; ++id) {
        if (!ring_.has_definition(id)) {
            missing.push_back({id, epoch_, definitions_[id]});
        }
    }
    return missing;
}

bool TieredSpool::append_to_ring(std::vector<NewBatch>& batches) {
    const std::lock_guard books(books_mutex_);
    const std::size_t spare = only_control(batches) ? 0 : ring_.capacity() / kControlPart;
    const std::vector<RingDefinition> definitions = definitions_for_ring(batches);
    if (!ring_.fits(definitions, batches, spare)) {
        return false;
    }
    auto rows = number(std::move(batches));
    if (!ring_.push_definitions(definitions) || !ring_.push(rows, clock_.boot_now())) {
        give_back(rows, false);
        batches.clear();
        for (StoredBatch& row : rows) {
            batches.push_back(std::move(row.batch));
        }
        return false;
    }
    ring_.publish();
    return true;
}

Status TieredSpool::commit(Move what) {
    {
        const std::lock_guard books(books_mutex_);
        if (!has_work(what, clock_.steady_now())) {
            return {};
        }
    }
    const std::lock_guard lock(disk_mutex_);
    return commit_now(what);
}

bool TieredSpool::is_due(const SealedRing::Entry& entry) const {
    const auto age = clock_.boot_now() - BootTime(entry.appended_boot_ms);
    return entry.boot != boot_ || age >= options_.commit_interval || age.count() < 0;
}

bool TieredSpool::has_work(Move what, SteadyTime now) const {
    if (now >= chores_at_ || (what == Move::all && !ring_.empty())) {
        return true;
    }
    if (what == Move::all && (unsynced_ || stored_definitions_ < definitions_.size())) {
        return true;
    }
    if (ring_.used_bytes() > ring_.capacity() / 2) {
        return true;
    }
    return std::any_of(kLanes.begin(), kLanes.end(), [this](Lane lane) {
        const auto& entries = ring_.lane(lane);
        return !entries.empty() && is_due(entries.front());
    });
}

std::uint64_t TieredSpool::first_held(Lane lane, std::uint64_t epoch, std::uint64_t otherwise)
    const {
    const std::uint64_t in_ring = ring_.first_seq(lane, epoch).value_or(otherwise);
    return ledgers_.at(index(lane)).first_seq(epoch, in_ring);
}

Result<std::vector<StoredBatch>> TieredSpool::read(
    Lane lane, std::uint64_t after, std::size_t limit
) {
    SqliteQueue::Scan found;
    std::unique_lock disk(disk_mutex_, std::defer_lock);
    std::unique_lock books(books_mutex_);
    if (lacks_definitions(lane)) {
        books.unlock();
        disk.lock();
        store_definitions();
        disk.unlock();
        books.lock();
    }
    SqliteQueue::Range range{lane, std::max(after, position_of(lane, 0)), 0, limit};
    range.end = ledgers_.at(index(lane)).last_position();
    if (range.after < range.end && limit != 0) {
        books.unlock();
        disk.lock();  // and kept: nothing moves between the two tiers meanwhile
        books.lock();
        range.end = ledgers_.at(index(lane)).last_position();
        books.unlock();
        auto scanned = read_flash(range);
        if (!scanned) {
            return scanned.error();
        }
        found = std::move(*scanned);
        books.lock();
        limit = found.complete ? limit : found.good.size();
    }
    read_ring(lane, range.after, limit, found);
    for (StoredBatch& row : found.good) {
        row.first_unacked = first_held(lane, row.epoch, row.seq);
    }
    return std::move(found.good);
}

void TieredSpool::read_ring(
    Lane lane, std::uint64_t after, std::size_t limit, SqliteQueue::Scan& found
) {
    std::vector<Gap> damaged;
    for (auto entry = ring_.behind(lane, after); entry != ring_.lane(lane).end(); ++entry) {
        // Not before the definitions are committed that it needs.
        const bool undefined =
            stored_definitions_ < definitions_.size() && entry->dict_size > stored_definitions_;
        if (found.good.size() >= limit || undefined) {
            break;
        }
        if (entry->released) {
            continue;
        }
        auto row = ring_.read(*entry);
        if (row) {
            found.good.push_back(std::move(*row));
        } else if (!entry->moving) {
            damaged.push_back(gap_of(entry->as_lost()));
            ring_.release(*ring_.find(entry->position));
        }
    }
    declare_damage(damaged);
}

void TieredSpool::declare_damage(const std::vector<Gap>& gaps) {
    if (gaps.empty()) {
        return;
    }
    pending_.gaps.insert(pending_.gaps.end(), gaps.begin(), gaps.end());
    chores_at_ = SteadyTime();  // the next commit() declares them
    ring_.publish();
}

Status TieredSpool::acknowledge(const std::vector<std::uint64_t>& positions) {
    Change change;
    {
        const std::lock_guard books(books_mutex_);
        change.remove = release_from_ring(positions);
    }
    if (change.remove.empty()) {
        return {};
    }
    const std::lock_guard lock(disk_mutex_);
    return change_flash(change, "deleting acknowledged batches");
}

// Returns those that are in queue.db, or on their way there.
std::vector<std::uint64_t> TieredSpool::release_from_ring(
    const std::vector<std::uint64_t>& positions
) {
    std::vector<std::uint64_t> others;
    bool released = false;
    for (const std::uint64_t position : positions) {
        SealedRing::Entry* entry = ring_.find(position);
        if (entry != nullptr && !entry->moving) {
            ring_.release(*entry);
            released = true;
            continue;
        }
        const auto lane = lane_of_position(position);
        if (entry != nullptr || (lane && position <= ledgers_.at(index(*lane)).last_position())) {
            others.push_back(position);
        }
    }
    if (released) {
        ring_.publish();
    }
    return others;
}

Status TieredSpool::delete_through(
    Lane lane, std::uint64_t epoch, std::uint64_t seq, Delivered& delivered
) {
    std::uint64_t after = position_of(lane, 0);
    for (bool more = queue_.has_value(); more;) {
        const auto entries = queue_->entries(lane, after, kRowsPerDeletion);
        if (!entries) {
            return entries.error().during("finding delivered batches");
        }
        Change change;
        change.remove = take_through(*entries, epoch, seq, delivered);
        // Numbers of an epoch rise with the positions: behind a higher one there is none.
        more = entries->size() == kRowsPerDeletion &&
               !(entries->back().epoch == epoch && entries->back().seq > seq);
        after = entries->empty() ? after : entries->back().position;
        Status done =
            change.remove.empty() ? Status() : change_flash(change, "deleting delivered batches");
        if (!done) {
            return done;
        }
    }
    return {};
}

Result<Spool::Delivered> TieredSpool::acknowledge_through(
    Lane lane, std::uint64_t epoch, std::uint64_t seq
) {
    Delivered delivered;
    const std::lock_guard disk(disk_mutex_);
    if (const Status deleted = delete_through(lane, epoch, seq, delivered); !deleted) {
        return deleted.error();
    }
    const std::lock_guard books(books_mutex_);
    for (const SealedRing::Entry& entry : ring_.lane(lane)) {
        if (!entry.released && entry.epoch == epoch && entry.seq <= seq) {
            count(entry, delivered);
            ring_.release(*ring_.find(entry.position));
        }
    }
    ring_.publish();
    return delivered;
}

Result<std::optional<std::uint64_t>> TieredSpool::position_of_seq(
    Lane lane, std::uint64_t epoch, std::uint64_t seq
) {
    const std::lock_guard lock(disk_mutex_);
    if (queue_) {
        auto position = queue_->position_of_seq(lane, epoch, seq);
        if (!position || position->has_value()) {
            return position;
        }
    }
    const std::lock_guard books(books_mutex_);
    for (const SealedRing::Entry& entry : ring_.lane(lane)) {
        if (!entry.released && entry.epoch == epoch && entry.seq >= seq) {
            return std::optional<std::uint64_t>(entry.position);
        }
    }
    return std::optional<std::uint64_t>();
}

Status TieredSpool::declare(const Declaration& declaration) {
    if (!options_.declare || (declaration.gaps.empty() && declaration.dead.empty())) {
        return {};
    }
    return append({options_.declare(declaration)});
}

std::uint64_t TieredSpool::sealed_through(Stream stream) const {
    const std::lock_guard books(books_mutex_);
    return ring_.state().sealed_through.at(static_cast<std::size_t>(stream));
}

LaneStatus TieredSpool::status(Lane lane) const {
    const std::lock_guard books(books_mutex_);
    LaneStatus status = ledgers_.at(index(lane)).status();
    for (const SealedRing::Entry& entry : ring_.lane(lane)) {
        if (entry.released) {
            continue;
        }
        status.oldest_wall_ms = status.batches == 0 ? entry.wall_ms : status.oldest_wall_ms;
        ++status.batches;
        status.samples += entry.samples;
        status.events += entry.events;
        status.bytes += entry.bytes;
    }
    status.next_seq = ring_.state().next_seq.at(index(lane));
    status.first_unacked = first_held(lane, epoch_, status.next_seq);
    return status;
}

StorageStatus TieredSpool::storage() const {
    const std::lock_guard books(books_mutex_);
    StorageStatus status = storage_;
    status.ring_used_bytes = ring_.used_bytes();
    status.ring_memory_only = ring_.memory_only();
    return status;
}

void TieredSpool::on_append(std::function<void()> callback) {
    const std::lock_guard calling(wake_mutex_);
    on_append_ = std::move(callback);
}

}  // namespace cxedge::store
