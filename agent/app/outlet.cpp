// SPDX-License-Identifier: Apache-2.0
#include "agent/app/outlet.hpp"

#include <algorithm>
#include <utility>

#include "agent/app/new_batch.hpp"
#include "agent/base/glob.hpp"
#include "agent/pipeline/rules.hpp"

namespace cxedge::app {
namespace {

std::size_t slot(Stream stream) {
    return static_cast<std::size_t>(stream);
}

}  // namespace

Result<std::unique_ptr<Outlet>> Outlet::make(
    SealOptions seal, OutletFilter filter, store::Spool& spool, const Clock& clock
) {
    auto dictionary = wire::Dictionary::restore(spool.definitions());
    if (!dictionary) {
        return dictionary.error().during("reading series definitions");
    }
    return std::unique_ptr<Outlet>(
        new Outlet(seal, std::move(filter), spool, clock, std::move(*dictionary))
    );
}

Outlet::Outlet(
    SealOptions seal,
    OutletFilter filter,
    store::Spool& spool,
    const Clock& clock,
    wire::Dictionary dictionary
)
    : seal_(seal),
      filter_(std::move(filter)),
      spool_(spool),
      clock_(clock),
      dictionary_(std::move(dictionary)) {}

bool Outlet::takes(const SeriesInfo& info) const {
    return filter_.metrics.empty() ||
           std::any_of(filter_.metrics.begin(), filter_.metrics.end(), [&](const auto& glob) {
               return glob_matches(glob, info.key.metric);
           });
}

Result<std::optional<SeriesId>> Outlet::define(const SeriesInfo& info) {
    if (!takes(info)) {
        return std::optional<SeriesId>();
    }
    if (const SeriesId* known = dictionary_.find(info)) {
        return std::optional(*known);
    }
    const std::string definition = wire::encode_definition(info);
    if (const auto again = wire::decode_definition(definition); !again) {
        return invalid_argument(to_string(info.key) + ": " + again.error().message);
    }
    // Stored before its first use: a batch in the spool can always be decoded.
    const Status stored = spool_.add_definition(dictionary_.size(), definition);
    if (!stored) {
        return stored.error().during("storing the definition of " + to_string(info.key));
    }
    return std::optional(dictionary_.append(info));
}

Outlet::Open& Outlet::opened(Stream stream) {
    Open& open = open_[slot(stream)];
    if (open.builder.empty()) {
        open.since = clock_.boot_now();
    }
    return open;
}

void Outlet::add(Stream stream, Sample sample) {
    if (!takes(stream)) {
        return;
    }
    Open& open = opened(stream);
    open.builder.add(std::move(sample));
    if (open.builder.samples() >= seal_.samples || open.builder.estimated_bytes() >= seal_.bytes) {
        seal(stream);
        wants_store_ = true;
    }
}

// Events do not wait for company.
void Outlet::add(const Event& event) {
    if (takes(Stream::event)) {
        opened(Stream::event).builder.add(event);
        wants_store_ = true;
    }
}

void Outlet::add(const ClockStep& step) {
    opened(Stream::event).builder.add(step);
    wants_store_ = true;
}

// Sealed as long ago as a late batch must be: what is replayed never mixes with what is live. Not
// longer, or the age limit of its lane would take it.
Status Outlet::replay(const std::vector<ReplayedSample>& samples, std::uint64_t id) {
    wire::BatchBuilder builder;
    for (const ReplayedSample& replayed : samples) {
        const auto series = define(replayed.series);
        if (!series) {
            return series.error();
        }
        if (*series) {
            Sample sample = replayed.sample;
            sample.series = **series;
            builder.add(std::move(sample));
        }
    }
    if (builder.empty()) {
        return {};
    }
    builder.mark_replay(id);
    store::NewBatch batch = make_batch(Stream::bulk, builder.seal(), clock_);
    const std::int64_t late_ms = seal_.live_age.count() + 1;
    batch.sealed_boot_ms -= late_ms;
    batch.sealed_wall_ms -= late_ms;
    return spool_.append({std::move(batch)});
}

std::chrono::milliseconds Outlet::patience(const Open& open) const {
    if (!online_) {
        return seal_.offline;
    }
    return open.builder.samples() >= seal_.worth ? seal_.least : seal_.most;
}

void Outlet::seal_due() {
    const BootTime now = clock_.boot_now();
    for (const Stream stream : kStreams) {
        const Open& open = open_[slot(stream)];
        if (!open.builder.empty() && now - open.since >= patience(open)) {
            seal(stream);
            wants_store_ = true;
        }
    }
}

std::optional<BootTime> Outlet::next_due() const {
    std::optional<BootTime> due;
    for (const Open& open : open_) {
        if (!open.builder.empty()) {
            // It may become worth sending until then.
            const BootTime one = open.since + (online_ ? seal_.least : seal_.offline);
            const BootTime late = open.since + patience(open);
            const BootTime next = clock_.boot_now() < one ? one : late;
            due = due ? std::min(*due, next) : next;
        }
    }
    return due;
}

void Outlet::seal_all() {
    for (const Stream stream : kStreams) {
        seal(stream);
    }
}

void Outlet::seal(Stream stream) {
    Open& open = open_[slot(stream)];
    if (!open.builder.empty()) {
        sealed_.push_back(make_batch(stream, open.builder.seal(), clock_));
    }
}

// A batch closed by its size in the middle of a record: what else came of that record must go with
// it, because the number of the record is all that a replay knows.
void Outlet::seal_begun() {
    if (sealed_.size() < kMaxSealed) {
        seal(Stream::event);  // else events wait in company
    }
    for (std::size_t i = numbered_; i < sealed_.size(); ++i) {
        seal(sealed_[i].stream);
    }
}

Status Outlet::store(std::uint64_t journal_through) {
    wants_store_ = false;
    seal_begun();
    for (; numbered_ < sealed_.size(); ++numbered_) {
        sealed_[numbered_].journal_through = journal_through;
    }
    if (sealed_.empty()) {
        return {};
    }
    Status stored = append_each();
    numbered_ = sealed_.size();
    problem_ = stored ? std::string() : stored.error().message;
    return stored;
}

// One by one, and events first: a KPI batch that finds no room must not keep an alarm from the
// reserve that is there for it. Order holds within a lane.
Status Outlet::append_each() {
    Status refused;
    std::array<bool, kLaneCount> full{};
    std::stable_sort(sealed_.begin(), sealed_.end(), [](const auto& a, const auto& b) {
        return lane_of(a.stream) < lane_of(b.stream);
    });
    std::erase_if(sealed_, [&](const store::NewBatch& batch) {
        bool& lane_full = full.at(static_cast<std::size_t>(lane_of(batch.stream)));
        const Status stored = lane_full ? refused : spool_.append({batch});
        lane_full = !stored;
        refused = stored ? refused : stored;
        return stored.ok();
    });
    return refused;
}

void Outlet::drop_unstored(std::size_t keep) {
    if (sealed_.size() <= keep) {
        return;
    }
    const auto end = sealed_.end() - static_cast<std::ptrdiff_t>(keep);
    std::for_each(sealed_.begin(), end, [this](const store::NewBatch& batch) {
        note_refused(lane_of(batch.stream), batch.samples);
    });
    sealed_.erase(sealed_.begin(), end);
    numbered_ = sealed_.size();
}

Status Outlet::tick(std::uint64_t journal_through) {
    const BootTime now = clock_.boot_now();
    const bool keep = !online_ && now - kept_ >= seal_.offline;
    if (keep) {
        kept_ = now;
        seal_all();
    } else {
        seal_due();
    }
    Status stored = store(journal_through);
    const Status moved = spool_.commit(keep ? store::Spool::Move::all : store::Spool::Move::due);
    if (stored) {
        declare_refused();
    }
    return stored ? moved : stored;
}

void Outlet::set_online(bool online) {
    online_ = online;
}

void Outlet::declare_refused() {
    Declaration declaration;
    for (std::size_t lane = 0; lane < refused_.size(); ++lane) {
        if (refused_.at(lane) != 0) {
            Gap gap;
            gap.lane = static_cast<Lane>(lane);
            gap.epoch = spool_.epoch();
            gap.samples = refused_.at(lane);
            gap.cause = GapCause::overflow;
            declaration.gaps.push_back(gap);
        }
    }
    if (!declaration.gaps.empty() && spool_.declare(declaration)) {
        refused_ = {};
    }
}

bool Outlet::has_room() const {
    return sealed_.size() < kMaxSealed;
}

std::uint64_t Outlet::samples_open() const {
    std::uint64_t samples = 0;
    for (const Open& open : open_) {
        samples += open.builder.samples();
    }
    for (const store::NewBatch& batch : sealed_) {
        samples += batch.samples;
    }
    return samples;
}

}  // namespace cxedge::app
