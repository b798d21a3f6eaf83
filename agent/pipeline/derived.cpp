// SPDX-License-Identifier: Apache-2.0
// The part of the pipeline that makes series of other series.
#include <algorithm>
#include <utility>

#include "agent/pipeline/pipeline_impl.hpp"

namespace cxedge::pipeline {

// Declared before all others: whoever counts declarations (the journal) finds the same numbers in
// the next process.
Pipeline::Impl::Impl(PipelineOptions options, PipelineOutput& output)
    : options_(std::move(options)), output_(output) {
    for (const OccupancyRule& rule : options_.occupancies) {
        derive(rule);
    }
}

void Pipeline::Impl::derive(const OccupancyRule& rule) {
    SeriesInfo level;
    level.key = {"store.occupancy", {{"zone", rule.name}}};
    SeriesInfo residual = level;
    residual.key.metric = "store.occupancy.residual";
    const Result<SeriesId> level_id = declare(level);
    const Result<SeriesId> residual_id = declare(residual);
    if (level_id && residual_id) {  // else refused, and counted as such
        derived_.push_back({StoreOccupancy(rule), *level_id, *residual_id});
    }
}

// The level is a reading like any other, told whenever a door is. The residual goes out as it is,
// once a day: no window, and nothing that could be missed.
void Pipeline::Impl::count_door(const StoreOccupancy::DoorReading& reading, const Now& now) {
    for (Derived& derived : derived_) {
        const auto level = derived.occupancy.take(reading, now);
        if (!level) {
            continue;
        }
        const Entry& residual = entries_[index_of(derived.residual)];
        if (level->residual && !residual.out.empty()) {
            emit(residual, 0, at_boot(now.boot), *level->residual);
        }
        gather_or_pass(entries_[index_of(derived.level)], level->inside, reading.time, now);
    }
}

void Pipeline::Impl::save_derived(ByteWriter& bytes) const {
    bytes.number(derived_.size());
    for (const Derived& derived : derived_) {
        bytes.text(derived.occupancy.name());
        derived.occupancy.save(bytes);
    }
}

bool Pipeline::Impl::restore_derived(ByteReader& bytes) {
    return read_stores(bytes, &StoreOccupancy::read);
}

bool Pipeline::Impl::read_stores(ByteReader& bytes, bool (StoreOccupancy::*read)(ByteReader&)) {
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        const std::string_view name = bytes.text();
        const auto now = std::find_if(derived_.begin(), derived_.end(), [&](const Derived& each) {
            return each.occupancy.name() == name;
        });
        StoreOccupancy gone{OccupancyRule{}};  // no longer configured
        ((now != derived_.end() ? now->occupancy : gone).*read)(bytes);
    }
    return bytes.good();
}

std::string Pipeline::Impl::lasting() const {
    ToldUntil told = told_until_;
    for (const Entry& entry : entries_) {
        if (const auto end = entry.intervals.end()) {
            told[to_string(entry.info.key)] = *end;
        }
    }
    std::string out;
    if (derived_.empty() && told.empty()) {
        return out;
    }
    ByteWriter bytes(out);
    bytes.number(derived_.size());
    for (const Derived& derived : derived_) {
        bytes.text(derived.occupancy.name());
        derived.occupancy.save_level(bytes);
    }
    save_told(told, bytes);
    return out;
}

void Pipeline::Impl::save_told(const ToldUntil& told, ByteWriter& bytes) {
    bytes.number(told.size());
    for (const auto& [series, end] : told) {
        bytes.text(series);
        bytes.signed_number(unix_ms(end));
    }
}

bool Pipeline::Impl::read_told(ByteReader& bytes) {
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        std::string series(bytes.text());
        told_until_[std::move(series)] = from_unix_ms(bytes.signed_number());
    }
    return bytes.good();
}

bool Pipeline::Impl::adopt(std::string_view lasting) {
    ByteReader bytes(lasting);
    if (!read_stores(bytes, &StoreOccupancy::adopt_level)) {
        return false;
    }
    // Else kept by a version that knew no intervals.
    return bytes.at_end() || read_told(bytes);
}

}  // namespace cxedge::pipeline
