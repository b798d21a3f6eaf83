// SPDX-License-Identifier: Apache-2.0
#include "agent/app/outlets.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/app/history_codec.hpp"
#include "agent/wire/dictionary.hpp"

namespace cxedge::app {

Result<SeriesId> Outlets::define(const SeriesInfo& info) {
    if (const auto known = outgoing_.find(info.key); known != outgoing_.end()) {
        return known->second;
    }
    Ids ids;
    for (const auto& outlet : all_) {
        auto id = outlet->define(info);
        if (!id) {
            return id.error();
        }
        ids.push_back(*id);
    }
    const auto id = SeriesId{static_cast<std::uint32_t>(ids_.size())};
    ids_.push_back(std::move(ids));
    if (history_ != nullptr) {
        history_ids_.push_back(history_->define(wire::encode_definition(info)));
    }
    outgoing_.emplace(info.key, id);
    return id;
}

bool Outlets::is_sealed(const Outlet& outlet, Stream stream) const {
    return record_ != 0 && record_ <= outlet.sealed_through(stream);
}

bool Outlets::history_wants() const {
    return history_ != nullptr && (record_ == 0 || record_ > history_->sealed_through());
}

void Outlets::remember_sample(const Sample& sample) {
    const std::uint32_t series = history_ids_[index_of(sample.series)];
    const store::HistoryStamp when = stamp_of(sample.time);
    if (const auto* number = std::get_if<double>(&sample.value)) {
        history_->add(series, when, *number);
    } else if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
        history_->add(series, when, cell_of(*histogram));
    } else {
        history_->add_lost(series, when);
    }
}

void Outlets::seal_history(std::uint64_t through) {
    if (history_ != nullptr) {
        history_->seal(through);
    }
}

Status Outlets::replay(const std::vector<ReplayedSample>& samples, std::uint64_t id) {
    Status replayed = all_.front()->replay(samples, id);
    samples_ += replayed ? samples.size() : 0;
    return replayed;
}

void Outlets::sample(Stream stream, Sample sample) {
    ++facts_;
    if (history_wants()) {
        remember_sample(sample);
    }
    const Ids& ids = ids_[index_of(sample.series)];
    bool taken = false;
    for (std::size_t i = 1; i < all_.size(); ++i) {
        taken = offer(*all_[i], stream, ids[i], sample) || taken;
    }
    taken = offer(*all_.front(), stream, ids.front(), std::move(sample)) || taken;
    samples_ += taken ? 1U : 0U;
}

// False: the sink does not want it, or has it already.
bool Outlets::offer(Outlet& outlet, Stream stream, const std::optional<SeriesId>& id, Sample sample)
    const {
    if (!id || is_sealed(outlet, stream)) {
        return false;
    }
    sample.series = *id;
    outlet.add(stream, std::move(sample));
    return true;
}

void Outlets::event(Event event) {
    ++facts_;
    if (history_wants()) {
        history_->add_event(stamp_of(event.time), stored_event(event));
    }
    bool taken = false;
    for (const auto& outlet : all_) {
        if (!is_sealed(*outlet, Stream::event)) {
            taken = true;
            outlet->add(event);
        }
    }
    events_ += taken ? 1U : 0U;
}

void Outlets::clock_step(const ClockStep& step) {
    for (const auto& outlet : all_) {
        outlet->seal_all();
        outlet->add(step);
    }
}

bool Outlets::wants_store() const {
    return std::any_of(all_.begin(), all_.end(), [](const auto& outlet) {
        return outlet->wants_store();
    });
}

void Outlets::seal_due() {
    std::for_each(all_.begin(), all_.end(), [](const auto& outlet) { outlet->seal_due(); });
}

void Outlets::seal_all() {
    std::for_each(all_.begin(), all_.end(), [](const auto& outlet) { outlet->seal_all(); });
}

std::optional<BootTime> Outlets::next_due() const {
    std::optional<BootTime> due;
    for (const auto& outlet : all_) {
        if (const auto next = outlet->next_due()) {
            due = due ? std::min(*due, *next) : *next;
        }
    }
    return due;
}

void Outlets::store(std::uint64_t through) {
    for (const auto& outlet : all_) {
        (void)outlet->store(through);  // storage_problem() has the reasons
    }
    drop_beyond_room();
}

void Outlets::drop_beyond_room() {
    std::for_each(all_.begin() + 1, all_.end(), [](const auto& outlet) {
        outlet->drop_unstored(Outlet::kMaxSealed);
    });
}

void Outlets::tick(std::uint64_t through) {
    for (const auto& outlet : all_) {
        (void)outlet->tick(through);  // likewise
    }
    drop_beyond_room();
    if (history_ != nullptr && history_->wants_seal()) {
        history_->seal(through);
    }
}

Status Outlets::commit(std::uint64_t through) {
    Status main;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        all_[i]->seal_all();
        Status stored = all_[i]->store(through);
        stored = stored ? all_[i]->spool().commit(store::Spool::Move::all) : stored;
        main = i == 0 ? stored : main;
    }
    return main;
}

// Only a sink that would have got it has lost it.
void Outlets::note_refused(Stream stream, const std::vector<SeriesId>& outgoing) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
        const bool wanted = std::any_of(outgoing.begin(), outgoing.end(), [&](SeriesId id) {
            return ids_[index_of(id)][i].has_value();
        });
        if (wanted && all_[i]->takes(stream)) {
            all_[i]->note_refused(lane_of(stream), 1);
        }
    }
}

Status Outlets::has_room() const {
    const Outlet& main = *all_.front();
    return main.has_room() ? Status() : Status(exhausted("storage full: " + main.problem()));
}

Status Outlets::all_stored() {
    std::for_each(all_.begin() + 1, all_.end(), [](const auto& outlet) {
        outlet->drop_unstored(0);
    });
    const Outlet& main = *all_.front();
    return main.problem().empty() ? Status() : Status(exhausted("storage full: " + main.problem()));
}

std::string Outlets::storage_problem() const {
    for (const auto& outlet : all_) {
        const store::StorageStatus status = outlet->spool().storage();
        if (status.mode != store::StorageMode::normal) {
            return status.problem;
        }
        if (!outlet->problem().empty()) {
            return outlet->problem();
        }
    }
    return {};
}

std::string Outlets::memory_problem() const {
    for (const auto& outlet : all_) {
        if (std::string why = outlet->spool().storage().ring_memory_only; !why.empty()) {
            return why;
        }
    }
    return {};
}

std::string journal_context(const store::Spool& spool) {
    return fmt::format("4:{}:{:x}", spool.boot(), spool.ring_id());
}

std::string Outlets::context() const {
    return journal_context(all_.front()->spool());
}

std::uint64_t Outlets::sealed_through() const {
    std::uint64_t through = history_ != nullptr ? history_->sealed_through() : 0;
    for (const auto& outlet : all_) {
        for (const Stream stream : kStreams) {
            through = std::max(through, outlet->sealed_through(stream));
        }
    }
    return through;
}

void Outlets::declare_abandoned(std::uint64_t records) {
    Gap gap;
    gap.samples = records;
    gap.cause = GapCause::corrupt;
    for (const auto& outlet : all_) {
        gap.epoch = outlet->spool().epoch();
        (void)outlet->spool().declare({{gap}, {}});  // a refusal shows in storage_problem()
    }
}

std::uint64_t Outlets::samples_open() const {
    std::uint64_t samples = 0;
    for (const auto& outlet : all_) {
        samples += outlet->samples_open();
    }
    return samples;
}

}  // namespace cxedge::app
