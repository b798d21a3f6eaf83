// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/twin_series.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/local_time.hpp"

namespace cxedge::camera {
namespace {

constexpr std::chrono::seconds kPeriod{1};
// People whose places are told at once; a picture seldom holds as many that can be told apart.
constexpr std::size_t kMostPeople = 32;
// A longer step between two pictures is a break of the stream, in which nobody was seen.
constexpr double kLongestStepS = 2;

// Feet in a picture are not known better than this.
double to_5_cm(double metres) {
    return std::round(metres * 20) / 20;
}

}  // namespace

void TwinSeries::start(Host& host, const AreaSettings& settings, EmitOne emit) {
    host_ = &host;
    emit_ = std::move(emit);
    floor_.reset();
    told_.reset();
    slots_.clear();
    walkers_.clear();
    heat_s_.clear();
    cells_.clear();
    midnight_ = {};
    if (settings.twin) {
        floor_.emplace(settings.floor);
        cell_m_ = settings.heat_cell_m;
    }
}

void TwinSeries::take(const SceneReport& scene) {
    const bool due = scene.time && (!told_ || *scene.time - *told_ >= kPeriod);
    if (!floor_ || !due) {
        return;
    }
    const double step = told_ ? std::min(seconds(*scene.time - *told_), kLongestStepS) : 0;
    told_ = scene.time;
    forget_yesterday();
    for (auto& [person, walker] : walkers_) {
        walker.there = false;
    }
    for (const Person& person : scene.people) {
        if (const auto at = floor_->to_floor(person.place); at && person.visible && person.moved) {
            tell(person, *at);
            heat_s_[cell_of(*at)] += step;
        }
    }
    std::erase_if(walkers_, [&](const auto& entry) {
        if (!entry.second.there) {
            leave(entry.second);
        }
        return !entry.second.there;
    });
}

// New numbers for everybody, also for those who are here over midnight.
void TwinSeries::forget_yesterday() {
    const WallTime now = host_->clock().wall_now();
    if (now < midnight_) {
        return;
    }
    midnight_ = next_local_time(now, std::chrono::minutes(0));
    for (const auto& [person, walker] : walkers_) {
        leave(walker);
    }
    walkers_.clear();
}

void TwinSeries::tell(const Person& person, const Point& at) {
    Walker* walker = walker_of(person);
    if (walker == nullptr) {
        return;
    }
    walker->there = true;
    const Slot& slot = slots_[walker->slot];
    emit_(slot.track, walker->number);
    emit_(slot.x, to_5_cm(at.x));
    emit_(slot.y, to_5_cm(at.y));
}

TwinSeries::Walker* TwinSeries::walker_of(const Person& person) {
    if (const auto known = walkers_.find(person.id); known != walkers_.end()) {
        return &known->second;
    }
    const auto slot = free_slot();
    if (!slot) {
        return nullptr;
    }
    slots_[*slot].taken = true;
    return &walkers_.emplace(person.id, Walker{*slot, random_u32(), true}).first->second;
}

std::optional<std::size_t> TwinSeries::free_slot() {
    const auto free =
        std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.taken; });
    if (free != slots_.end()) {
        return static_cast<std::size_t>(free - slots_.begin());
    }
    if (slots_.size() >= kMostPeople || !add_slot()) {
        return std::nullopt;
    }
    return slots_.size() - 1;
}

Result<SeriesId> TwinSeries::declare(SeriesInfo info) const {
    info.key.dims.push_back({"camera", std::string(host_->source_name())});
    return host_->declare(info);
}

Status TwinSeries::add_slot() {
    Slot slot;
    struct Wanted {
        const char* metric;
        const char* unit;
        SeriesId* id;
    };
    for (const Wanted& wanted : {
             Wanted{"store.twin.track", "1", &slot.track},
             Wanted{"store.twin.x", "m", &slot.x},
             Wanted{"store.twin.y", "m", &slot.y},
         }) {
        SeriesInfo info;
        info.key = {wanted.metric, {{"slot", std::to_string(slots_.size())}}};
        info.unit = wanted.unit;
        const Result<SeriesId> id = declare(std::move(info));
        if (!id) {
            return id.error();
        }
        *wanted.id = *id;
    }
    slots_.push_back(slot);
    return {};
}

TwinSeries::Cell TwinSeries::cell_of(const Point& at) const {
    return {
        static_cast<int>(std::floor(at.x / cell_m_)), static_cast<int>(std::floor(at.y / cell_m_))};
}

void TwinSeries::report() {
    for (const auto& [cell, seconds] : heat_s_) {
        emit_heat(cell, seconds);
    }
    heat_s_.clear();
}

void TwinSeries::emit_heat(const Cell& cell, double seconds) {
    auto known = cells_.find(cell);
    if (known == cells_.end()) {
        SeriesInfo info;
        info.key = {
            "store.heat",
            {{"x", fmt::format("{:g}", cell.first * cell_m_)},
             {"y", fmt::format("{:g}", cell.second * cell_m_)}}};
        info.kind = Kind::delta;
        info.unit = "s";
        const Result<SeriesId> id = declare(std::move(info));
        if (!id) {
            return;  // too many series on this box: the agent says so
        }
        known = cells_.emplace(cell, *id).first;
    }
    emit_(known->second, std::round(seconds * 10) / 10);
}

}  // namespace cxedge::camera
