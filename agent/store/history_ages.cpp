// SPDX-License-Identifier: Apache-2.0
// What is old becomes coarser, and what is too much goes.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "agent/store/history.hpp"
#include "agent/store/history_merge.hpp"

namespace cxedge::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

// What becomes of a level. All rows that begin in a period become coarser together: several rows
// become one, and little enough is in memory at a time.
struct Ageing {
    HistoryLevel from;
    HistoryLevel to;
    std::int64_t step_ms;
    std::int64_t period_ms;
    std::int64_t least_age_ms;  // under pressure of the quota
};

constexpr std::int64_t ms(milliseconds time) {
    return time.count();
}

constexpr std::array<Ageing, 3> kAgeings{{
    {HistoryLevel::raw, HistoryLevel::minute, ms(minutes(1)), ms(hours(1)), ms(hours(1))},
    {HistoryLevel::minute, HistoryLevel::quarter, ms(minutes(15)), ms(hours(4)), ms(hours(1))},
    {HistoryLevel::quarter, HistoryLevel::hour, ms(hours(1)), ms(hours(24)), ms(hours(24))},
}};

// Rows that would hardly become smaller are not written again: their samples already lie that far
// apart.
constexpr double kWorthwhile = 0.75;
// Rows that go at a time.
constexpr std::int64_t kDroppedAtOnce = 16;
// Events take no more than this part of the quota.
constexpr std::uint64_t kEventsPart = 4;
constexpr int kMostSteps = 500;

std::int64_t floor_to(std::int64_t at, std::int64_t period) {
    const std::int64_t over = at % period;
    return at - over - (over < 0 ? period : 0);
}

std::size_t bytes_of(const std::vector<HistoryRow>& rows) {
    std::size_t bytes = 0;
    for (const HistoryRow& row : rows) {
        bytes += row.chunk.body.size();
    }
    return bytes;
}

}  // namespace

// True: there was something to do, and there may be more.
Result<bool> History::grow_old() {
    const std::int64_t now = now_ms();
    for (const Ageing& ageing : kAgeings) {
        const auto age = options_.ages.at(static_cast<std::size_t>(ageing.from)).count();
        auto done = coarsen(ageing.from, now - age);
        if (!done || *done) {
            return done;
        }
    }
    for (const HistoryLevel level : {HistoryLevel::hour, HistoryLevel::events}) {
        auto done = drop_oldest(level, now - options_.keep.count());
        if (!done || *done) {
            return done;
        }
    }
    const Status cleared = clear_damaged();
    return cleared ? Result<bool>(false) : cleared.error();
}

Status History::clear_damaged() {
    const std::vector<HistoryRow> damaged = file_->take_damaged();
    if (damaged.empty()) {
        return {};
    }
    repairs_.push_back(fmt::format("history.db: {} damaged rows were removed", damaged.size()));
    return file_->erase(damaged);
}

Result<bool> History::coarsen(HistoryLevel level, std::int64_t older_than_ms) {
    const Ageing& ageing = kAgeings.at(static_cast<std::size_t>(level));
    const auto oldest = file_->oldest(level);
    if (!oldest) {
        return oldest.error();
    }
    if (!*oldest) {
        return false;
    }
    const std::int64_t begin = floor_to(**oldest, ageing.period_ms);
    const std::int64_t last = begin + ageing.period_ms - 1;
    if (last >= older_than_ms) {
        return false;
    }
    const auto rows = file_->beginning_in({level, begin, last});
    if (!rows) {
        return rows.error();
    }
    auto transaction = file_->begin();
    if (!transaction) {
        return transaction.error();
    }
    Status done = rewrite(*rows, level);
    done = done ? clear_damaged() : done;
    done = done ? transaction->commit() : done;
    return done ? Result<bool>(true) : done.error();
}

Status History::rewrite(const std::vector<HistoryRow>& rows, HistoryLevel level) {
    const Ageing& ageing = kAgeings.at(static_cast<std::size_t>(level));
    std::vector<MergeInput> inputs;
    inputs.reserve(rows.size());
    for (const HistoryRow& row : rows) {
        inputs.push_back({row.chunk.body, row.chunk.origin_ms, nullptr});
    }
    auto merged = merge_chunks(inputs, ageing.step_ms);
    if (!merged) {
        // Their check sums are right: a fault of the program that wrote them.
        repairs_.push_back(merged.error().message + "; removed");
        return file_->erase(rows);
    }
    std::size_t after = 0;
    for (const SealedChunk& sealed : *merged) {
        after += sealed.chunk.body.size();
    }
    if (static_cast<double>(after) > kWorthwhile * static_cast<double>(bytes_of(rows))) {
        return file_->relabel(rows, ageing.to);
    }
    Status erased = file_->erase(rows);
    HistoryRow like;
    like.level = ageing.to;
    return erased ? insert_all(like, std::move(*merged)) : erased;
}

Result<bool> History::drop_oldest(HistoryLevel level, std::int64_t older_than_ms) {
    auto rows = file_->oldest_heads(level, kDroppedAtOnce);
    if (!rows) {
        return rows.error();
    }
    std::erase_if(*rows, [older_than_ms](const HistoryRow& row) {
        return row.chunk.last_ms >= older_than_ms;
    });
    if (rows->empty()) {
        return false;
    }
    auto transaction = file_->begin();
    if (!transaction) {
        return transaction.error();
    }
    Status done = file_->erase(*rows);
    done = done ? transaction->commit() : done;
    return done ? Result<bool>(true) : done.error();
}

// The quota holds whatever the ages are: the finest goes first, what is oldest last.
Status History::make_room(std::uint64_t bytes) {
    for (int step = 0; step < kMostSteps; ++step) {
        const auto used = file_->used_bytes();
        if (!used) {
            return used.error();
        }
        if (*used + bytes <= options_.quota_bytes) {
            return {};
        }
        const auto made = make_some_room();
        if (!made) {
            return made.error();
        }
        if (!*made) {
            break;
        }
    }
    return exhausted(fmt::format(
        "history.db has reached its quota of {} MiB; raise history.quota_mib",
        options_.quota_bytes >> 20U
    ));
}

Result<bool> History::make_some_room() {
    const std::int64_t now = now_ms();
    const auto events = file_->used_bytes(HistoryLevel::events);
    if (!events) {
        return events.error();
    }
    constexpr std::int64_t kAnyAge = kHistoryTimeLimit;
    if (*events > options_.quota_bytes / kEventsPart) {
        return drop_oldest(HistoryLevel::events, kAnyAge);
    }
    for (const Ageing& ageing : kAgeings) {
        auto done = coarsen(ageing.from, now - ageing.least_age_ms);
        if (!done || *done) {
            return done;
        }
    }
    for (const HistoryLevel level :
         {HistoryLevel::hour,
          HistoryLevel::quarter,
          HistoryLevel::minute,
          HistoryLevel::raw,
          HistoryLevel::events}) {
        auto done = drop_oldest(level, kAnyAge);
        if (!done || *done) {
            return done;
        }
    }
    return false;
}

Status History::measure() {
    const auto used = file_->used_bytes();
    if (!used) {
        return used.error();
    }
    std::int64_t first = 0;
    for (std::size_t level = 0; level < kHistoryLevels; ++level) {
        const auto oldest = file_->oldest(static_cast<HistoryLevel>(level));
        if (!oldest) {
            return oldest.error();
        }
        const bool older = *oldest && (first == 0 || **oldest < first);
        first = older ? **oldest : first;
    }
    file_->rest();
    const std::lock_guard lock(mutex_);
    status_.used_bytes = *used;
    status_.oldest_ms = first;
    return {};
}

}  // namespace cxedge::store
