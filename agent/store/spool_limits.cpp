// SPDX-License-Identifier: Apache-2.0
// What the spool looks after once a second: quota, age, disk, numbers, declarations.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/log.hpp"
#include "agent/store/batch_row.hpp"
#include "agent/store/tiered_spool.hpp"

namespace cxedge::store {
namespace {

constexpr std::chrono::seconds kChoresEvery{1};
constexpr std::chrono::seconds kUsageEvery{10};
constexpr std::size_t kUsageKept = 30;
constexpr std::size_t kRowsPerRun = 64;
constexpr int kRunsAtOnce = 8;
constexpr std::size_t kGapsPerDeclaration = 256;
constexpr std::uint64_t kLeastQuota = 1U << 20U;
constexpr std::uint64_t kQuotaPart = 10;
// Numbers left at which more are reserved, ahead of need.
constexpr std::uint64_t kNumbersLow = 12288;
// While the disk is short, live batches find at least this much within queue.db.
constexpr std::uint64_t kRoomForLive = 1U << 20U;
// 2024-01-01: a batch sealed earlier was sealed by a wrong clock, and its age is not known.
constexpr std::int64_t kClockWasRight = 1'704'067'200'000;

bool adjoin(const Gap& one, const Gap& next) {
    return one.lane == next.lane && one.epoch == next.epoch && one.cause == next.cause &&
           one.last_seq + 1 == next.first_seq && one.last_seq != 0;
}

void merge(Gap& into, const Gap& next) {
    into.last_seq = next.last_seq;
    into.samples += next.samples;
    into.events += next.events;
}

void add_gap(std::vector<Gap>& gaps, const Gap& gap) {
    if (!gaps.empty() && adjoin(gaps.back(), gap)) {
        merge(gaps.back(), gap);
    } else {
        gaps.push_back(gap);
    }
}

}  // namespace

void TieredSpool::do_chores(SteadyTime now) {
    bool numbers = false;
    bool definitions = false;
    {
        const std::lock_guard books(books_mutex_);
        chores_at_ = now + kChoresEvery;
        ring_.take_file_back();
        numbers = !numbers_left(kNumbersLow);
        definitions = stored_definitions_ < definitions_.size();
    }
    check_files();
    disk_.look();
    if (!failure_) {
        disk_.take_ballast();
    }
    if (numbers) {
        const Status reserved = reserve_numbers();
        if (!reserved) {
            log::warn("store", reserved.error().message);
        }
    }
    probe();
    if (definitions) {
        store_definitions();
    }
    flush_pending();
    enforce_limits();
    if (queue_ && (usage_.empty() || now >= usage_.back().first + kUsageEvery)) {
        usage_.emplace_back(now, queue_->used_bytes());
        if (usage_.size() > kUsageKept) {
            usage_.pop_front();
        }
    }
    note_level();
}

std::vector<StoredBatch> TieredSpool::number(std::vector<NewBatch> batches) {
    RingState& state = ring_.state();
    std::vector<StoredBatch> rows;
    rows.reserve(batches.size());
    for (NewBatch& batch : batches) {
        const Lane lane = lane_of(batch.stream);
        StoredBatch& row = rows.emplace_back();
        row.position = position_of(lane, state.next_number++);
        row.epoch = epoch_;
        row.seq = state.next_seq.at(index(lane))++;
        row.boot = boot_;
        row.batch = std::move(batch);
    }
    return rows;
}

// After a failed change: numbers that nobody has gone past are given again, unless the change might
// yet be found committed. The others are holes to be declared.
void TieredSpool::give_back(const std::vector<StoredBatch>& rows, bool spent) {
    RingState& state = ring_.state();
    std::for_each(rows.rbegin(), rows.rend(), [&](const StoredBatch& row) {
        const Lane lane = lane_of(row.batch.stream);
        std::uint64_t& next = state.next_seq.at(index(lane));
        if (!spent && next == row.seq + 1) {
            --next;
        } else {
            pending_.gaps.push_back({lane, epoch_, row.seq, row.seq, 0, 0, GapCause::uncommitted});
        }
    });
}

bool TieredSpool::numbers_left(std::uint64_t count) const {
    const LaneNumbers& next = ring_.state().next_seq;
    for (std::size_t lane = 0; lane < next.size(); ++lane) {
        if (next.at(lane) + count > floor_.at(lane)) {
            return false;
        }
    }
    return true;
}

// Requires that nobody holds books_mutex_; before the numbers run out, so that appending need not
// wait for a file.
Status TieredSpool::reserve_numbers() {
    auto sequences = state_->sequences();
    if (!sequences) {
        return corrupt("state.db has lost its sequence numbers");
    }
    {
        const std::lock_guard books(books_mutex_);
        sequences->known = ring_.state().next_seq;
    }
    for (std::size_t lane = 0; lane < sequences->floor.size(); ++lane) {
        sequences->floor.at(lane) = sequences->known.at(lane) + SequenceState::kReserved;
    }
    if (Status status = state_->store(*sequences); !status) {
        return status.error().during("reserving sequence numbers");
    }
    const std::lock_guard books(books_mutex_);
    floor_ = sequences->floor;
    return {};
}

// What was lost or left out, said in lane 0 as soon as there is a way to say it.
void TieredSpool::flush_pending() {
    Declaration taken;
    {
        const std::lock_guard books(books_mutex_);
        if (pending_.gaps.empty() || !numbers_left(1)) {
            return;
        }
        std::vector<Gap> merged;
        for (const Gap& gap : pending_.gaps) {
            add_gap(merged, gap);
        }
        pending_.gaps = std::move(merged);
        const std::size_t count = std::min(pending_.gaps.size(), kGapsPerDeclaration);
        taken.gaps.assign(
            pending_.gaps.begin(), pending_.gaps.begin() + static_cast<std::ptrdiff_t>(count)
        );
    }
    std::vector<NewBatch> batches;
    if (options_.declare) {
        batches.push_back(options_.declare(taken));
    }
    {
        const std::lock_guard books(books_mutex_);
        if (!ring_.fits({}, batches, 0)) {
            return;
        }
        ring_.push(number(std::move(batches)), clock_.boot_now());
        pending_.gaps.erase(
            pending_.gaps.begin(),
            pending_.gaps.begin() + static_cast<std::ptrdiff_t>(taken.gaps.size())
        );
        if (pending_.gaps.empty()) {
            promise_what_is_there();
        }
        ring_.publish();
    }
    tell_appended();
}

void TieredSpool::enforce_limits() {
    if (!options_.declare || !queue_) {
        return;  // nothing is dropped that could not be declared
    }
    for (std::size_t lane = 0; lane < options_.max_age.size(); ++lane) {
        drop_old(static_cast<Lane>(lane));
    }
    const std::uint64_t soft = storage_.quota_bytes / 5 * 4;
    const std::uint64_t hard = storage_.quota_bytes / 20 * 19;
    for (int run = 0; run < kRunsAtOnce && queue_ && queue_->used_bytes() > soft; ++run) {
        drop_run(Lane::bulk, GapCause::quota, queue_->used_bytes() - soft);
    }
    for (int run = 0;
         run < kRunsAtOnce && options_.drop_live_when_full && queue_ && queue_->used_bytes() > hard;
         ++run) {
        drop_run(Lane::live, GapCause::quota, queue_->used_bytes() - hard);
    }
    const bool short_of_disk = disk_.low() || (failure_ && failure_->code == ErrorCode::exhausted);
    if (short_of_disk && queue_ && queue_->free_bytes() < kRoomForLive) {
        drop_run(Lane::bulk, GapCause::quota, kRoomForLive);
    }
}

bool TieredSpool::is_old(const LaneLedger::Entry& entry, std::chrono::milliseconds limit) const {
    const BootTime now = clock_.boot_now();
    if (entry.boot == boot_) {
        return now - BootTime(entry.sealed_boot_ms) > limit;
    }
    const auto then = state_->boot_clock(entry.boot);
    const std::int64_t sealed =
        then ? entry.sealed_boot_ms + then->wall_offset.count() : entry.wall_ms;
    const std::int64_t wall = now.count() + clock_.wall_offset().count();
    const bool known = sealed >= kClockWasRight && wall >= unix_ms(state_->time_floor());
    return known && wall - sealed > limit.count();
}

bool TieredSpool::holds_old(Lane lane, std::chrono::milliseconds limit) const {
    const std::lock_guard books(books_mutex_);
    const auto& spans = ledgers_.at(index(lane)).spans();
    return !spans.empty() && is_old(spans.front().oldest, limit);
}

void TieredSpool::drop_old(Lane lane) {
    const auto limit = options_.max_age.at(index(lane));
    for (int runs = 0; runs < kRunsAtOnce && limit.count() > 0 && queue_; ++runs) {
        if (!holds_old(lane, limit)) {
            return;
        }
        auto run = queue_->entries(lane, 0, kRowsPerRun);
        if (!run) {
            return;
        }
        const auto fresh = std::find_if(run->begin(), run->end(), [&](const auto& entry) {
            return !is_old(entry, limit);
        });
        run->erase(fresh, run->end());
        if (run->empty() || !drop(lane, *run, GapCause::age)) {
            return;
        }
    }
}

void TieredSpool::drop_run(Lane lane, GapCause cause, std::uint64_t bytes) {
    if (!options_.declare || !queue_) {
        return;
    }
    auto run = queue_->entries(lane, 0, kRowsPerRun);
    if (!run || run->empty()) {
        return;
    }
    std::uint64_t freed = 0;
    const auto enough = std::find_if(run->begin(), run->end(), [&](const auto& entry) {
        const bool done = freed >= bytes;
        freed += entry.bytes;
        return done;
    });
    run->erase(enough, run->end());
    if (const Status dropped = drop(lane, *run, cause); !dropped) {
        log::warn("store", dropped.error().message);
    }
}

Status TieredSpool::drop(Lane lane, const Entries& run, GapCause cause) {
    Declaration declaration;
    Change change;
    for (const LaneLedger::Entry& entry : run) {
        change.remove.push_back(entry.position);
        // Never over a number between: a receiver takes off what it has of the range.
        add_gap(
            declaration.gaps,
            {lane, entry.epoch, entry.seq, entry.seq, entry.samples, entry.events, cause}
        );
    }
    change.add.push_back(options_.declare(declaration));
    return change_flash(change, "dropping batches");
}

void TieredSpool::note_level() {
    const DiskRoom::Level& disk = disk_.level();
    const std::lock_guard books(books_mutex_);
    StorageStatus& now = storage_;
    now.disk_free_bytes = disk.free;
    now.quota_bytes = options_.max_bytes;
    if (disk.total != 0) {
        now.quota_bytes =
            std::min(options_.max_bytes, std::max(disk.total / kQuotaPart, kLeastQuota));
    }
    if (queue_) {
        now.used_bytes = queue_->used_bytes();
        now.dead_letters = queue_->dead_letters();
    }
    if (usage_.size() >= 2) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
            usage_.back().first - usage_.front().first
        );
        now.growth_bytes_per_s = (static_cast<std::int64_t>(usage_.back().second) -
                                  static_cast<std::int64_t>(usage_.front().second)) /
                                 std::max<std::int64_t>(seconds.count(), 1);
    }
    now.mode = StorageMode::normal;
    now.problem.clear();
    if (failure_) {
        const bool full = failure_->code == ErrorCode::exhausted;
        now.mode = full ? StorageMode::full : StorageMode::degraded;
        now.problem = failure_->message +
                      (full ? "; make room on the file system of " : "; check the disk below ") +
                      options_.directory;
    } else if (refused_) {
        now.mode = StorageMode::full;
        now.problem = fmt::format(
            "the quota of {} bytes is in use; it empties as batches are delivered", now.quota_bytes
        );
    } else if (now.used_bytes > now.quota_bytes / 5 * 4) {
        now.mode = StorageMode::low;
        now.problem =
            fmt::format("{} of {} bytes of the quota are in use", now.used_bytes, now.quota_bytes);
    } else if (disk_.low()) {
        now.mode = StorageMode::low;
        now.problem = fmt::format(
            "{} bytes are free on the file system of {}: make room", disk.free, options_.directory
        );
    }
}

}  // namespace cxedge::store
