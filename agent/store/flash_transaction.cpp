// SPDX-License-Identifier: Apache-2.0
// How queue.db is changed: what goes along is pinned in the ring, written in one transaction, and
// only then released.
#include <algorithm>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "agent/store/batch_row.hpp"
#include "agent/store/tiered_spool.hpp"

namespace cxedge::store {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

Status TieredSpool::commit_now(Move what) {
    const SteadyTime now = clock_.steady_now();
    bool chores = false;
    {
        const std::lock_guard books(books_mutex_);
        chores = now >= chores_at_;
    }
    if (chores) {
        do_chores(now);
    }
    Status moved = move_ring(what);
    return moved && queue_ ? sync_what_was_found() : moved;
}

// Once something is due everything goes along: each transaction costs the same few pages.
Status TieredSpool::move_ring(Move what) {
    bool wanted = what == Move::all;
    {
        const std::lock_guard books(books_mutex_);
        wanted = wanted || ring_.used_bytes() > ring_.capacity() / 2;
        for (std::size_t lane = 0; lane < ledgers_.size(); ++lane) {
            const auto& entries = ring_.lane(static_cast<Lane>(lane));
            wanted = wanted || (!entries.empty() && is_due(entries.front()));
        }
    }
    if (!wanted) {
        return {};
    }
    Change change;
    change.move.fill(true);
    change.limited = true;
    Work work;
    Status status = change_flash(change, work, "moving batches to queue.db");
    if (status && work.refused && options_.drop_live_when_full) {
        drop_run(Lane::live, GapCause::quota, storage_.quota_bytes / 32);
        work = {};
        status = change_flash(change, work, "moving batches to queue.db");
    }
    if (!status) {
        return status;
    }
    refused_ = work.refused;
    note_level();
    if (refused_) {
        return exhausted(fmt::format(
            "storage full: the quota of {} bytes is in use; it empties as batches are delivered",
            storage_.quota_bytes
        ));
    }
    return {};
}

Status TieredSpool::change_flash(const Change& change, std::string_view during) {
    Work work;
    Status status = change_flash(change, work, during);
    if (status && work.refused) {
        return exhausted("storage full: the quota is in use").during(during);
    }
    return status;
}

Status TieredSpool::change_flash(const Change& change, Work& work, std::string_view during) {
    const bool grows = change.limited;
    if (Status usable = grows || !queue_ ? flash_usable() : Status(); !usable) {
        return usable;
    }
    if (Status room = grows ? room_for(change) : Status(); !room) {
        failed(room.error());
        return room;
    }
    Status status = transact(change, work);
    if (!status && recover(status.error(), grows)) {
        if (was_committed(work)) {
            status = {};
        } else {
            work = {};
            status = transact(change, work);
        }
    }
    if (status) {
        if (!work.idle) {
            worked();
        }
        return status;
    }
    const Error error = status.error().during(during);
    failed(error);
    return error;
}

// A file system is not filled to its last block with batches: deleting them needs some too.
Status TieredSpool::room_for(const Change& change) {
    constexpr std::uint64_t kSpare = 64U << 10U;
    std::uint64_t cost = 0;
    {
        const std::lock_guard books(books_mutex_);
        cost = ring_.used_bytes();
    }
    for (const NewBatch& batch : change.add) {
        cost += batch.body.size();
    }
    disk_.look();
    if (cost == 0 || disk_.room_to_grow() >= 2 * cost + kSpare) {
        return {};
    }
    return exhausted(
        fmt::format("storage full: {} bytes are free on the file system", disk_.level().free)
    );
}

// At most one try a second while it fails; deleting is not held up, for it may be what helps.
Status TieredSpool::flash_usable() {
    if (failure_ && clock_.steady_now() < retry_at_) {
        return *failure_;
    }
    if (queue_) {
        return {};
    }
    Status opened = reopen(false);
    if (!opened) {
        failed(opened.error());
    }
    return opened;
}

void TieredSpool::failed(const Error& error) {
    retry_at_ = clock_.steady_now() + kRetryAfter;
    {
        const std::lock_guard books(books_mutex_);
        failure_ = error;
    }
    note_level();
}

void TieredSpool::worked() {
    if (failure_) {
        const std::lock_guard books(books_mutex_);
        failure_.reset();
    }
    note_level();
}

Status TieredSpool::transact(const Change& change, Work& work) {
    make_room_for_erased(change.remove.size());
    begin_work(change, work);
    if (work.refused && !change.add.empty()) {
        abandon_work(work, exhausted("no room"));
        return {};
    }
    if (work.moved.empty() && work.added.empty() && change.remove.empty() &&
        work.definitions == stored_definitions_) {
        work.idle = true;
        return {};
    }
    Status status = run(change, work);
    if (!status) {
        abandon_work(work, status);
        return status;
    }
    finish_work(work);
    (void)settle_doubtful(*queue_);
    // What was committed stays committed: a failure here only leaves older figures.
    (void)queue_->measure();
    return {};
}

void TieredSpool::begin_work(const Change& change, Work& work) {
    const std::lock_guard books(books_mutex_);
    work.definitions = static_cast<std::uint32_t>(definitions_.size());
    std::array<bool, kLaneCount> move = change.move;
    std::uint64_t used = queue_->used_bytes();
    for (const NewBatch& batch : change.add) {
        move.at(index(lane_of(batch.stream))) = true;
        used += SqliteQueue::cost_of(batch.body.size());
    }
    work.refused = change.limited && !change.add.empty() && used > storage_.quota_bytes;
    for (std::size_t lane = 0; !work.refused && lane < move.size(); ++lane) {
        if (move.at(lane)) {
            pin_lane(static_cast<Lane>(lane), change, work, used);
        }
    }
    if (!work.refused || change.add.empty()) {
        work.added = number(change.add);
    }
}

// Lane 0 keeps the last twentieth of the quota.
void TieredSpool::pin_lane(Lane lane, const Change& change, Work& work, std::uint64_t& used) {
    const std::uint64_t quota = storage_.quota_bytes;
    const std::uint64_t limit = lane == Lane::control ? quota : quota / 20 * 19;
    for (const SealedRing::Entry& entry : ring_.lane(lane)) {
        if (entry.released) {
            continue;
        }
        const std::uint64_t cost = SqliteQueue::cost_of(entry.bytes);
        if (change.limited && used + cost > limit) {
            work.refused = true;
            return;
        }
        used += cost;
        ring_.find(entry.position)->moving = true;
        work.moved.push_back({entry.position, entry.bytes});
    }
}

Status TieredSpool::run(const Change& change, Work& work) {
    auto transaction = Transaction::begin(queue_->database());
    if (!transaction) {
        return transaction.error();
    }
    Status status = insert_definitions(work);
    status = status ? insert_moved(work) : status;
    for (const StoredBatch& row : work.added) {
        status = status ? queue_->insert(row) : status;
        work.inserted.push_back(entry_of(row));
    }
    status = status ? remove_rows(change, work) : status;
    if (!status) {
        return status;
    }
    {
        // Before it is true, and what is added after: the counts never promise more than is there.
        const std::lock_guard books(books_mutex_);
        count_out_erased(work);
    }
    work.ended = true;
    return transaction->commit();
}

Status TieredSpool::insert_definitions(Work& work) {
    std::vector<std::string> fresh;
    {
        const std::lock_guard books(books_mutex_);
        const auto rest = std::span(definitions_).subspan(stored_definitions_);
        fresh.assign(rest.begin(), rest.end());
        work.definitions = static_cast<std::uint32_t>(definitions_.size());
    }
    std::uint32_t id = work.definitions - static_cast<std::uint32_t>(fresh.size());
    Status status;
    for (const std::string& definition : fresh) {
        status = status ? write_definition(queue_->database(), id++, definition) : status;
    }
    return status;
}

// One body at a time in memory.
Status TieredSpool::insert_moved(Work& work) {
    for (const Pinned& pinned : work.moved) {
        std::optional<StoredBatch> row;
        {
            const std::lock_guard books(books_mutex_);
            const SealedRing::Entry* entry = ring_.find(pinned.position);
            row = entry == nullptr ? std::nullopt : ring_.read(*entry);
        }
        if (!row) {
            continue;  // damaged in memory; finish_work() declares it
        }
        if (Status status = queue_->insert(*row); !status) {
            return status;
        }
        work.inserted.push_back(entry_of(*row));
    }
    return {};
}

Status TieredSpool::remove_rows(const Change& change, Work& work) {
    Status status;
    if (change.burial) {
        status = queue_->bury(*change.burial, storage_.quota_bytes / 10);
    }
    for (const std::uint64_t position : change.remove) {
        status = status ? queue_->erase(position, work.erased) : status;
    }
    return status;
}

void TieredSpool::count_flash(const Entries& entries, bool more) {
    for (const LaneLedger::Entry& entry : entries) {
        Holding& held = ring_.state().flash.at(lane_index(entry.position));
        if (!more) {
            take_off(held, entry);
            continue;
        }
        ++held.batches;
        held.samples += entry.samples;
        held.events += entry.events;
        if (entry.epoch == epoch_) {
            held.first_seq = held.batches == 1 ? entry.seq : held.first_seq;
            held.last_seq = entry.seq;
        }
    }
}

void TieredSpool::finish_work(Work& work) {
    {
        const std::lock_guard books(books_mutex_);
        for (const LaneLedger::Entry& entry : work.inserted) {
            ledgers_.at(lane_index(entry.position)).add(entry);
            storage_.written_bytes += entry.bytes;
        }
        release_moved(work);
        count_flash(work.inserted, true);
        stored_definitions_ = work.definitions;
        ring_.release_definitions(stored_definitions_);
        ++storage_.commits;
        ring_.publish();
    }
    strike(work.erased);
    if (!work.added.empty()) {
        tell_appended();
    }
}

// What was pinned and not inserted had become unreadable.
void TieredSpool::release_moved(const Work& work) {
    auto inserted = work.inserted.begin();
    for (const Pinned& pinned : work.moved) {
        SealedRing::Entry* entry = ring_.find(pinned.position);
        if (inserted != work.inserted.end() && inserted->position == pinned.position) {
            ++inserted;
        } else {
            pending_.gaps.push_back(gap_of(entry->as_lost()));
        }
        ring_.release(*entry);
    }
}

void TieredSpool::abandon_work(const Work& work, const Status& failure) {
    const std::lock_guard books(books_mutex_);
    for (const Pinned& pinned : work.moved) {
        if (SealedRing::Entry* entry = ring_.find(pinned.position)) {
            entry->moving = false;
        }
    }
    // Of a COMMIT that failed for another reason than want of room nothing is sure before the file
    // is read again.
    const bool unsure = work.ended && failure.error().code != ErrorCode::exhausted;
    if (unsure) {
        doubtful_.insert(doubtful_.end(), work.counted_out.begin(), work.counted_out.end());
    } else if (work.ended) {
        count_flash(work.counted_out, true);
        ring_.state().erased = std::min(ring_.state().erased, work.erased_before);
    }
    give_back(work.added, unsure);
    ring_.publish();
}

void TieredSpool::strike(const Entries& erased) {
    for (const LaneLedger::Entry& entry : erased) {
        const std::lock_guard books(books_mutex_);
        ledgers_.at(lane_index(entry.position)).subtract(entry);
    }
    std::for_each(erased.rbegin(), erased.rend(), [this](const LaneLedger::Entry& entry) {
        renew_oldest(entry);
    });
}

void TieredSpool::renew_oldest(const LaneLedger::Entry& erased) {
    const std::size_t lane = lane_index(erased.position);
    LaneLedger& ledger = ledgers_.at(lane);
    {
        const std::lock_guard books(books_mutex_);
        if (ledger.span_at(erased.position) == nullptr) {
            return;
        }
    }
    const auto next = queue_->entries(static_cast<Lane>(lane), erased.position, 1);
    if (!next) {
        return;  // the span keeps its old beginning: too early is safe, too late is not
    }
    const std::lock_guard books(books_mutex_);
    ledger.replace_oldest(erased.position, next->empty() ? nullptr : &next->front());
}

Result<SqliteQueue::Scan> TieredSpool::read_flash(const SqliteQueue::Range& range) {
    if (Status usable = queue_ ? Status() : flash_usable(); !usable) {
        return usable.error();
    }
    SqliteQueue::Scan scan;
    Status status = queue_->read(range, scan);
    if (!status && scan.good.empty() && recover(status.error(), false)) {
        scan = {};
        status = queue_->read(range, scan);
    }
    if (!status && scan.good.empty()) {
        failed(status.error().during("reading batches"));
        return status.error().during("reading batches");
    }
    scan.complete = status.ok();
    if (scan.bad.empty()) {
        return scan;
    }
    Change change;
    change.remove = scan.bad;
    if (options_.declare) {
        change.add.push_back(options_.declare({scan.gaps, {}}));
    }
    status = change_flash(change, "removing damaged batches");
    return status ? Result<SqliteQueue::Scan>(std::move(scan)) : status.error();
}

Status TieredSpool::bury(std::uint64_t position, std::uint8_t reason, std::uint32_t attempts) {
    const std::lock_guard lock(disk_mutex_);
    const auto entry = fetch_flash_entry(position);
    if (!entry || !entry->has_value()) {
        return entry ? Status() : Status(entry.error());
    }
    const LaneLedger::Entry& dead = entry->value();
    const auto lane = static_cast<Lane>(lane_index(dead.position));
    Change change;
    change.remove.push_back(position);
    change.burial = {position, reason, attempts, unix_ms(clock_.wall_now())};
    if (options_.declare) {
        change.add.push_back(options_.declare(
            {{}, {{lane, dead.epoch, dead.seq, dead.samples, dead.events, reason, attempts}}}
        ));
    }
    return change_flash(change, "burying a batch");
}

Status TieredSpool::split(std::uint64_t position, std::vector<NewBatch> parts) {
    const std::lock_guard lock(disk_mutex_);
    const auto entry = fetch_flash_entry(position);
    if (!entry || !entry->has_value()) {
        return entry ? Status() : Status(entry.error());
    }
    const LaneLedger::Entry& whole = entry->value();
    const auto lane = static_cast<Lane>(lane_index(whole.position));
    Change change;
    change.remove.push_back(position);
    change.add = std::move(parts);
    if (options_.declare) {
        change.add.push_back(options_.declare(
            {{{lane, whole.epoch, whole.seq, whole.seq, 0, 0, GapCause::split}}, {}}
        ));
    }
    return change_flash(change, "splitting a batch");
}

// A batch that is still in the ring goes to queue.db first, in a transaction of its own: what the
// ring holds was never removed from there.
Result<std::optional<LaneLedger::Entry>> TieredSpool::fetch_flash_entry(std::uint64_t position) {
    Change change;
    const auto lane = lane_of_position(position);
    {
        const std::lock_guard books(books_mutex_);
        if (lane && ring_.find(position) != nullptr) {
            change.move.at(index(*lane)) = true;
        }
    }
    Status status = change_flash(change, "moving a batch to queue.db");
    if (!status) {
        return status.error();
    }
    return queue_->entry_at(position);
}

}  // namespace cxedge::store
