// SPDX-License-Identifier: Apache-2.0
// Feeding, and the way from memory over tmpfs to the disk.
#include "agent/store/history.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/core.h>

#include "agent/base/fnv.hpp"
#include "agent/base/ids.hpp"
#include "agent/store/disk_room.hpp"

namespace cxedge::store {
namespace {

// What is sealed waits in memory and on tmpfs; more than the first is committed at once, more than
// the second, while the disk refuses, loses its oldest.
constexpr std::size_t kCommitBytes = 256U << 10U;
constexpr std::size_t kMostPendingBytes = 2U << 20U;
// Before a commit the ingest thread is asked to seal; it ticks four times a second.
constexpr std::chrono::seconds kSealBefore{2};
constexpr std::chrono::seconds kOpenAgain{60};
constexpr std::chrono::seconds kCommitFound{30};
constexpr std::chrono::seconds kAgesEvery{60};
// A clock that moved by less was only read at another moment.
constexpr std::int64_t kMovedMs = 1000;

// The spool is content with 64 MiB free (disk_room.cpp): history stops before it has to.
constexpr std::uint64_t kWantFreeBytes = 96U << 20U;
constexpr std::uint64_t kSmallDiskPart = 6;

constexpr std::uint32_t kSynchronisedQuality = 3;

std::size_t bytes_of(const std::vector<StashedSlice>& slices) {
    std::size_t bytes = 0;
    for (const StashedSlice& slice : slices) {
        bytes += slice.bytes();
    }
    return bytes;
}

}  // namespace

History::History(HistoryOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      place_{options_.directory + "/history.db", options_.vfs},
      slice_(options_.raw_per_minute),
      run_(random_u64()),
      commit_due_(clock.steady_now() + options_.commit_interval),
      ages_due_(clock.steady_now() + kAgesEvery) {
    status_.quota_bytes = options_.quota_bytes;
    if (options_.stash_file.empty()) {
        return;
    }
    auto stash = read_stash_file(options_.stash_file);
    if (stash) {
        adopt(std::move(*stash));
    } else if (stash.error().code != ErrorCode::not_found) {
        repairs_.push_back(stash.error().message + "; what was not yet in history.db is lost");
    }
}

History::~History() = default;

std::int64_t History::now_ms() const {
    return clock_.boot_now().count() + offset_ms();
}

void History::adopt(HistoryStash stash) {
    for (const std::string& definition : stash.definitions) {
        define(definition);  // in order: the same numbers as then
    }
    run_ = stash.run;
    last_number_ = stash.last_number;
    pending_ = std::move(stash.slices);
    // A process that never lives as long as the interval must not keep it from the disk for ever.
    commit_due_ = pending_.empty() ? commit_due_ : clock_.steady_now() + kCommitFound;
    sealed_through_ = stash.context == options_.context ? stash.through : 0;
}

// ---- feeding ----

std::uint32_t History::define(std::string_view definition) {
    const auto found = known_.find(definition);
    if (found != known_.end()) {
        return found->second;
    }
    const std::lock_guard lock(mutex_);
    const auto number = static_cast<std::uint32_t>(definitions_.size());
    definitions_.emplace_back(definition);
    known_.emplace(definitions_.back(), number);
    return number;
}

void History::add(std::uint32_t series, HistoryStamp when, double value) {
    const std::lock_guard lock(mutex_);
    ++items_;
    slice_.add(series, when, value);
}

void History::add_lost(std::uint32_t series, HistoryStamp when) {
    const std::lock_guard lock(mutex_);
    ++items_;
    slice_.add_lost(series, when);
}

void History::add(std::uint32_t series, HistoryStamp when, HistoryCell cell) {
    const std::lock_guard lock(mutex_);
    ++items_;
    slice_.add(series, when, std::move(cell));
}

void History::add_event(HistoryStamp when, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    ++items_;
    slice_.add_event(when, bytes);
}

std::uint64_t History::sealed_through() const {
    const std::lock_guard lock(mutex_);
    return sealed_through_;
}

bool History::wants_seal() {
    const std::lock_guard lock(mutex_);
    return !slice_.empty() && (seal_asked_ || slice_.is_full(offset_ms()));
}

void History::seal(std::uint64_t through) {
    const std::lock_guard lock(mutex_);
    seal_asked_ = false;
    sealed_through_ = through;
    if (slice_.empty()) {
        return;
    }
    StashedSlice slice;
    slice.number = ++last_number_;
    slice.items = std::exchange(items_, 0);
    slice.boot = options_.boot;
    slice.offset_ms = offset_ms();
    slice.chunks = slice_.seal(slice.offset_ms);
    pending_.push_back(std::move(slice));
    drop_overflow();
    write_stash();
}

void History::drop_overflow() {
    while (pending_.size() > 1 && bytes_of(pending_) > kMostPendingBytes) {
        status_.dropped += pending_.front().items;
        pending_.erase(pending_.begin());
    }
}

// Without it the end of the process takes what is not committed; nothing else depends on it.
void History::write_stash() {
    if (options_.stash_file.empty()) {
        return;
    }
    HistoryStash stash;
    stash.context = options_.context;
    stash.through = sealed_through_;
    stash.run = run_;
    stash.last_number = last_number_;
    stash.definitions.assign(definitions_.begin(), definitions_.end());
    stash.slices = pending_;
    (void)write_stash_file(options_.stash_file, stash);
}

// ---- to the disk ----

void History::work(std::uint32_t clock_quality) {
    const SteadyTime now = clock_.steady_now();
    if (!file_ && now < open_again_) {
        return;
    }
    Status status = open();
    status = status ? note_clock(clock_quality) : status;
    if (status && commits_at(now)) {
        (void)commit(clock_quality);
        return;
    }
    if (status && now >= ages_due_ && clock_quality >= kSynchronisedQuality) {
        const auto more = grow_old();
        status = more ? Status() : Status(more.error());
        // One step at a time: others want the thread.
        ages_due_ = more && *more ? now : now + kAgesEvery;
    }
    if (!status) {  // that all is well, a commit says
        (void)trouble(status);
    }
}

bool History::commits_at(SteadyTime now) {
    const std::lock_guard lock(mutex_);
    seal_asked_ = seal_asked_ || now + kSealBefore >= commit_due_;
    const bool much = bytes_of(pending_) >= kCommitBytes;
    return now >= commit_due_ || (much && now >= commit_again_);
}

Status History::commit(std::uint32_t clock_quality) {
    commit_due_ = clock_.steady_now() + options_.commit_interval;
    commit_again_ = clock_.steady_now() + kOpenAgain;
    Status status = open();
    const Slices slices = sealed();
    if (status && !slices.empty()) {
        status = check_disk();
        status = status ? write(slices, clock_quality) : status;
    }
    status = status ? measure() : status;
    return trouble(status);
}

Status History::open() {
    if (file_) {
        return {};
    }
    open_again_ = clock_.steady_now() + kOpenAgain;
    std::string story;
    auto file = HistoryFile::open(place_, clock_, story);
    if (!story.empty()) {
        repairs_.push_back(story);
    }
    if (!file) {
        return file.error();
    }
    file_.emplace(std::move(*file));
    stored_by_hash_.clear();
    stored_ids_.clear();
    unsaved_.clear();
    next_stored_ = 0;
    corrected_offset_ms_.reset();
    Status known = file_->each_definition([this](std::uint32_t id, std::string_view text) {
        stored_by_hash_[fnv1a(text)] = id;
        next_stored_ = std::max(next_stored_, id + 1);
    });
    known = known ? drop_written() : known;
    return known ? measure() : known;
}

// The process before ended between a commit and the note that it was done.
Status History::drop_written() {
    const auto written = file_->written();
    if (!written) {
        return written.error();
    }
    const std::lock_guard lock(mutex_);
    if (written->run == run_) {
        std::erase_if(pending_, [&](const StashedSlice& slice) {
            return slice.number <= written->number;
        });
    }
    return {};
}

// What failed is tried again with the file opened anew; a damaged one is put aside then.
Status History::trouble(const Status& status) {
    if (status) {
        tell_problem({});
        return status;
    }
    if (status.error().code == ErrorCode::corrupt) {
        mark_suspect(place_.path);
        open_again_ = {};
    }
    if (status.error().code != ErrorCode::exhausted) {
        file_.reset();
    }
    tell_problem("history: " + status.error().message);
    return status;
}

void History::tell_problem(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    status_.problem = problem;
}

Status History::check_disk() const {
    DiskRoom disk(options_.directory, 0);
    const DiskRoom::Level& level = disk.look();
    const std::uint64_t want = std::min(kWantFreeBytes, level.total / kSmallDiskPart);
    if (level.total == 0 || level.free >= want) {
        return {};
    }
    return exhausted(fmt::format(
        "{} MiB free in {}, {} are left to others: free space",
        level.free >> 20U,
        options_.directory,
        want >> 20U
    ));
}

History::Slices History::sealed() const {
    const std::lock_guard lock(mutex_);
    return pending_;
}

void History::map_ids() {
    const std::lock_guard lock(mutex_);
    stored_ids_.reserve(definitions_.size());
    for (std::size_t i = stored_ids_.size(); i < definitions_.size(); ++i) {
        const std::string& text = definitions_[i];
        const auto found = stored_by_hash_.find(fnv1a(text));
        const auto stored = found == stored_by_hash_.end() ? Result(std::optional<std::string>())
                                                           : file_->definition(found->second);
        if (stored && *stored == text) {
            stored_ids_.push_back(found->second);
            continue;
        }
        stored_ids_.push_back(next_stored_++);
        unsaved_.push_back(static_cast<std::uint32_t>(i));
    }
}

Status History::write(const Slices& slices, std::uint32_t quality) {
    map_ids();
    // Half as much again in heads and half-empty pages, and what splitting pages takes however
    // little is written: without that the quota was exceeded by a page.
    constexpr std::size_t kSplitPages = 4096;
    const std::size_t bodies = bytes_of(slices);
    Status status = make_room(bodies + bodies / 2 + 64 * unsaved_.size() + kSplitPages);
    auto transaction = status ? file_->begin() : status.error();
    if (!transaction) {
        return transaction.error();
    }
    status = write_definitions();
    for (const bool device : {false, true}) {
        status = status ? write_group(slices, device, quality) : status;
        status = status ? write_events(slices, device, quality) : status;
    }
    status = status ? file_->set_written({run_, slices.back().number}) : status;
    status = status ? transaction->commit() : status;
    if (status) {
        unsaved_.clear();
        forget_written(slices);
    }
    return status;
}

Status History::write_definitions() {
    const std::lock_guard lock(mutex_);
    Status status;
    for (const std::uint32_t number : unsaved_) {
        status = status ? file_->add_definition(stored_ids_[number], definitions_[number]) : status;
    }
    return status;
}

// Times of this boot that became UTC with a clock that has been set since.
std::int64_t History::moved_by(const StashedSlice& slice, bool device) const {
    const std::int64_t by = offset_ms() - slice.offset_ms;
    const bool moved = !device && slice.boot == options_.boot && std::abs(by) > kMovedMs;
    return moved ? by : 0;
}

namespace {

HistoryRow row_like(const StashedSlice& slice, bool device, std::int64_t moved_by) {
    HistoryRow row;
    row.boot = device ? 0 : slice.boot;
    row.offset_ms = device ? 0 : slice.offset_ms + moved_by;
    return row;
}

}  // namespace

void History::add_inputs(const StashedSlice& slice, bool device, std::vector<MergeInput>& inputs)
    const {
    const std::int64_t by = moved_by(slice, device);
    for (const SlicedChunk& sliced : slice.chunks) {
        if (sliced.device == device && !sliced.events) {
            inputs.push_back({sliced.chunk.body, sliced.chunk.origin_ms + by, &stored_ids_});
        }
    }
}

// Slices of one boot become rows together.
Status History::write_group(const Slices& slices, bool device, std::uint32_t quality) {
    Status status;
    for (std::size_t first = 0; status && first < slices.size();) {
        std::vector<MergeInput> inputs;
        std::size_t end = first;
        for (; end < slices.size() && slices[end].boot == slices[first].boot; ++end) {
            add_inputs(slices[end], device, inputs);
        }
        auto merged = merge_chunks(inputs, 0);
        HistoryRow like = row_like(slices[first], device, moved_by(slices[first], device));
        like.quality = slices[first].boot == options_.boot ? quality : 0;
        status = merged ? insert_all(like, std::move(*merged)) : Status(merged.error());
        first = end;
    }
    return status;
}

Status History::write_events(const Slices& slices, bool device, std::uint32_t quality) {
    Status status;
    for (const StashedSlice& slice : slices) {
        status = status ? write_events_of(slice, device, quality) : status;
    }
    return status;
}

Status History::write_events_of(const StashedSlice& slice, bool device, std::uint32_t quality) {
    const std::int64_t by = moved_by(slice, device);
    HistoryRow row = row_like(slice, device, by);
    row.level = HistoryLevel::events;
    row.quality = slice.boot == options_.boot ? quality : 0;
    Status status;
    for (const SlicedChunk& sliced : slice.chunks) {
        if (status && sliced.device == device && sliced.events) {
            row.chunk = sliced.chunk;
            row.chunk.origin_ms += by;
            row.chunk.first_ms += by;
            row.chunk.last_ms += by;
            status = file_->insert(row);
        }
    }
    return status;
}

Status History::insert_all(const HistoryRow& like, std::vector<SealedChunk> chunks) {
    Status status;
    HistoryRow row = like;
    for (SealedChunk& sealed : chunks) {
        row.chunk = std::move(sealed.chunk);
        status = status ? file_->insert(row) : status;
    }
    return status;
}

void History::forget_written(const Slices& slices) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t last = slices.back().number;
    std::erase_if(pending_, [last](const StashedSlice& slice) { return slice.number <= last; });
    write_stash();
}

Status History::note_clock(std::uint32_t quality) {
    const std::int64_t offset = offset_ms();
    const bool known = corrected_offset_ms_ && std::abs(offset - *corrected_offset_ms_) <= kMovedMs;
    if (quality < kSynchronisedQuality || known) {
        return {};
    }
    corrected_offset_ms_ = offset;
    return file_->correct({options_.boot, offset, quality});
}

std::vector<std::string> History::take_repairs() {
    return std::exchange(repairs_, {});
}

HistoryStatus History::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace cxedge::store
