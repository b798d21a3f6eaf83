// SPDX-License-Identifier: Apache-2.0
// Damage met while running. The epoch goes on: all numbers are known, and so are the definitions.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "agent/base/log.hpp"
#include "agent/store/batch_row.hpp"
#include "agent/store/quarantine.hpp"
#include "agent/store/tiered_spool.hpp"

namespace cxedge::store {

namespace fs = std::filesystem;
namespace {

bool has(const std::vector<LaneLedger::Entry>& entries, std::uint64_t position) {
    return std::any_of(entries.begin(), entries.end(), [position](const LaneLedger::Entry& entry) {
        return entry.position == position;
    });
}

}  // namespace

// True: worth another try.
bool TieredSpool::recover(const Error& error, bool grows) {
    switch (error.code) {
        case ErrorCode::exhausted:
            return !grows && make_room();
        case ErrorCode::corrupt:
            return reopen(true).ok();
        case ErrorCode::unavailable:
            return clock_.steady_now() >= retry_at_ && reopen(false).ok();
        default:
            return false;
    }
}

// For deleting. The log is copied into the database, which may grow by the ballast for it, and
// begins again in its own blocks.
bool TieredSpool::make_room() {
    const bool given = disk_.give_ballast();
    return queue_ && (queue_->database().execute("PRAGMA wal_checkpoint(RESTART)").ok() || given);
}

void TieredSpool::check_files() {
    const auto state = state_->check_file();
    if (!state || *state) {
        log::warn("store", state ? "state.db was missing: written anew" : state.error().message);
    }
    const bool ours =
        !queue_ || identity_ == FileIdentity() || identity_of(place_.path) == identity_;
    if (!ours) {
        log::warn("store", "queue.db was deleted or replaced by another file");
        if (const Status opened = reopen(false); !opened) {
            failed(opened.error());
        }
    }
}

Status TieredSpool::reopen(bool suspect) {
    Expected expected;
    {
        const std::lock_guard books(books_mutex_);
        for (std::size_t lane = 0; lane < ledgers_.size(); ++lane) {
            expected.held.at(lane) = holding_of(ledgers_.at(lane), epoch_);
        }
        expected.epoch = epoch_;
    }
    if (suspect) {
        mark_suspect(place_.path);
    }
    if (queue_ && identity_ != FileIdentity() && identity_of(place_.path) != identity_) {
        rescue_open_file();
    }
    queue_.reset();
    std::vector<std::string> repairs;
    auto opened = open_queue(place_, clock_, repairs);
    for (const std::string& repair : repairs) {
        log::warn("store", repair);
    }
    if (!opened) {
        return opened.error();
    }
    const bool synced = opened->queue.empty_log().ok();
    forget_deleted(*opened, expected.held);
    {
        const std::lock_guard books(books_mutex_);
        expected.returned = returned_of(ring_, opened->queue).sums;
    }
    const auto gaps = gaps_against(expected, *opened);
    opened->meta = {epoch_, boot_};
    Status status = write_meta(opened->queue.database(), opened->meta);
    take_over(std::move(*opened));
    const std::lock_guard books(books_mutex_);
    unsynced_ = !synced;
    pending_.gaps.insert(pending_.gaps.end(), gaps.begin(), gaps.end());
    if (pending_.gaps.empty()) {
        promise_what_is_there();
        ring_.publish();
    }
    chores_at_ = SteadyTime();
    return status;
}

// A COMMIT that failed, and is found done when the file is read again: not to be done twice.
bool TieredSpool::was_committed(const Work& work) {
    if (!work.ended || work.added.empty() || !queue_) {
        return false;
    }
    const StoredBatch& first = work.added.front();
    const auto stored = queue_->entry_at(first.position);
    const bool found = stored && stored->has_value() && stored->value().epoch == first.epoch &&
                       stored->value().seq == first.seq;
    if (!found) {
        return false;
    }
    const std::lock_guard books(books_mutex_);
    for (const StoredBatch& row : work.added) {
        const Lane lane = lane_of(row.batch.stream);
        std::erase_if(pending_.gaps, [&](const Gap& gap) {  // see give_back()
            return gap.cause == GapCause::uncommitted && gap.lane == lane &&
                   gap.epoch == row.epoch && gap.first_seq == row.seq && gap.last_seq == row.seq;
        });
    }
    return true;
}

// What a COMMIT deleted that failed, and was done nevertheless, is not lost.
void TieredSpool::forget_deleted(OpenedQueue& opened, std::array<Holding, kLaneCount>& held) {
    for (const LaneLedger::Entry& entry : settle_doubtful(opened.queue)) {
        take_off(held.at(lane_index(entry.position)), entry);
    }
}

// Those that are still there count again; returns the others.
TieredSpool::Entries TieredSpool::settle_doubtful(SqliteQueue& queue) {
    Entries gone;
    Entries there;
    for (const LaneLedger::Entry& entry : std::exchange(doubtful_, {})) {
        const auto stored = queue.entry_at(entry.position);
        (stored && !stored->has_value() ? gone : there).push_back(entry);
    }
    if (there.empty()) {
        return gone;
    }
    const std::lock_guard books(books_mutex_);
    count_flash(there, true);
    std::vector<std::uint64_t> erased = ring_.erased();
    std::erase_if(erased, [&there](std::uint64_t position) { return has(there, position); });
    ring_.set_erased(erased);
    ring_.publish();
    return gone;
}

// From here on the ring promises what is there: until now it kept what should have been.
void TieredSpool::promise_what_is_there() {
    for (std::size_t lane = 0; lane < ledgers_.size(); ++lane) {
        ring_.state().flash.at(lane) = holding_of(ledgers_.at(lane), epoch_);
    }
    if (queue_) {
        ring_.set_erased(returned_of(ring_, *queue_).absent);
    }
    count_out(doubtful_);
}

// The name is gone or another file's; the open connection still reads the old one.
void TieredSpool::rescue_open_file() {
    const std::string rescued = place_.path + ".rescued";
    std::error_code ignored;
    fs::remove(rescued, ignored);
    const bool saved = queue_->database().execute("VACUUM INTO '" + rescued + "'").ok();
    queue_.reset();
    if (fs::exists(place_.path, ignored)) {
        const auto moved = quarantine(place_.path, Aside::corrupt);
        log::warn("store", moved ? "the other queue.db is now " + *moved : moved.error().message);
    }
    for (const char* suffix : {"-wal", "-shm"}) {
        fs::remove(place_.path + suffix, ignored);  // of the file that has no name any more
    }
    if (saved) {
        fs::rename(rescued, place_.path, ignored);
    } else {
        fs::remove(rescued, ignored);
    }
}

void TieredSpool::take_over(OpenedQueue opened) {
    queue_ = std::move(opened.queue);
    identity_ = identity_of(place_.path);
    meta_ = opened.meta;
    const std::lock_guard books(books_mutex_);
    ledgers_ = std::move(opened.ledgers);
    stored_definitions_ =
        static_cast<std::uint32_t>(std::min(opened.definitions.size(), definitions_.size()));
    release_what_is_stored();
}

// The process or a COMMIT ended between the commit and the release. Nothing is ever deleted from
// queue.db while it is in the ring, so being there is the proof.
void TieredSpool::release_what_is_stored() {
    for (std::size_t lane = 0; lane < ledgers_.size(); ++lane) {
        release_stored_of(static_cast<Lane>(lane));
    }
    ring_.publish();
}

void TieredSpool::release_stored_of(Lane lane) {
    const std::uint64_t last = ledgers_.at(index(lane)).last_position();
    for (const SealedRing::Entry& entry : ring_.lane(lane)) {
        if (entry.released || entry.position > last) {
            continue;
        }
        if (is_stored(entry, *queue_)) {
            ring_.release(*ring_.find(entry.position));
        }
    }
}

// What a failed sync left in the log is found on reopening, and would still go with the power.
Status TieredSpool::sync_what_was_found() {
    {
        const std::lock_guard books(books_mutex_);
        if (!unsynced_) {
            return {};
        }
    }
    Status status = queue_->empty_log();
    const std::lock_guard books(books_mutex_);
    unsynced_ = !status;
    return status ? status : Status(status.error().during("syncing queue.db"));
}

// What was erased cannot come back once the log is empty.
void TieredSpool::make_room_for_erased(std::size_t count) {
    {
        const std::lock_guard books(books_mutex_);
        if (ring_.erased_room() >= count) {
            return;
        }
    }
    if (queue_->empty_log().ok()) {
        (void)settle_doubtful(*queue_);
        const std::lock_guard books(books_mutex_);
        ring_.set_erased({});
        ring_.publish();
    }
}

// What a COMMIT deletes leaves the counts before it is tried, and is in the list whether it was
// done or not: on the next opening neither finding it nor missing it means anything.
void TieredSpool::count_out_erased(Work& work) {
    if (work.erased.empty()) {
        return;
    }
    std::remove_copy_if(
        work.erased.begin(),
        work.erased.end(),
        std::back_inserter(work.counted_out),
        [this](const LaneLedger::Entry& entry) { return has(doubtful_, entry.position); }
    );
    work.erased_before = ring_.state().erased;
    count_out(work.counted_out);
    ring_.publish();
}

void TieredSpool::count_out(const Entries& entries) {
    count_flash(entries, false);
    for (const LaneLedger::Entry& entry : entries) {
        ring_.note_erased(entry.position);
    }
}

// Nothing may come along that would show that it works again.
void TieredSpool::probe() {
    if (!failure_ || clock_.steady_now() < retry_at_) {
        return;
    }
    const Status status = queue_ ? queue_->measure() : reopen(false);
    const std::lock_guard books(books_mutex_);
    if (status && ring_.empty()) {
        failure_.reset();
    }
}

}  // namespace cxedge::store
