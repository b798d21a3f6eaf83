// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/store_occupancy.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/glob.hpp"
#include "agent/base/local_time.hpp"
#include "agent/pipeline/entry.hpp"
#include "agent/pipeline/rules.hpp"

namespace cxedge::pipeline {
namespace {

constexpr std::string_view kIn = "store.footfall.in";
constexpr std::string_view kOut = "store.footfall.out";
// A clock is trimmed by less and set by more.
constexpr std::chrono::hours kClockSet{1};

}  // namespace

bool StoreOccupancy::watches(const SeriesInfo& info) const {
    if (info.key.metric != kIn && info.key.metric != kOut) {
        return false;
    }
    const auto& dims = info.key.dims;
    const auto door =
        std::find_if(dims.begin(), dims.end(), [](const auto& dim) { return dim.key == "door"; });
    const std::string name = door != dims.end() ? door->value : "";
    return rule_.doors.empty() ||
           std::any_of(rule_.doors.begin(), rule_.doors.end(), [&](const std::string& glob) {
               return glob_matches(glob, name);
           });
}

void StoreOccupancy::consider(SeriesId id, const SeriesInfo& info) {
    if (!watches(info)) {
        return;
    }
    Door door;
    door.key = to_string(info.key);
    door.sign = info.key.metric == kIn ? 1 : -1;
    door.cumulative = info.kind == Kind::counter;
    door.info = info;
    doors_.emplace(id, std::move(door));
}

std::optional<StoreOccupancy::Level> StoreOccupancy::take(
    const DoorReading& reading, const Now& now
) {
    const auto found = doors_.find(reading.series);
    if (found == doors_.end()) {
        return std::nullopt;
    }
    Door& door = found->second;
    double people = reading.value;
    if (door.cumulative) {
        people = door.counter.next(reading.value, reading.time, door.info, now).increment;
    }
    Level level;
    level.residual = end_day(now);
    if (people != 0 && clock_is_set(now)) {
        counted_ = now.wall;
    }
    balance_ += door.sign * people;
    inside_ = std::max(0.0, inside_ + door.sign * people);
    level.inside = inside_;
    return level;
}

// After a reboot a clock may be behind what is known to have happened, until it is set.
bool StoreOccupancy::clock_is_set(const Now& now) const {
    return day_end_->wall_offset.count() != 0 || now.wall >= counted_;
}

// A reading that comes after the end of the day ends it.
std::optional<double> StoreOccupancy::end_day(const Now& now) {
    if (day_end_ && !clock_is_set(now)) {
        return std::nullopt;
    }
    const auto offset = now.wall.time_since_epoch() - now.boot;
    if (day_end_ && day_end_->wall_offset.count() == 0) {
        day_end_->wall_offset = offset;
    }
    const bool set_since = day_end_ && std::chrono::abs(offset - day_end_->wall_offset) > kClockSet;
    const bool over = day_end_ && !set_since && now.wall >= day_end_->at;
    if (!day_end_ || set_since || over) {
        day_end_ = DayEnd{next_local_time(now.wall, rule_.reset_at), offset};
    }
    if (!over) {
        return std::nullopt;
    }
    inside_ = 0;
    return std::exchange(balance_, 0);
}

void StoreOccupancy::save_level(ByteWriter& bytes) const {
    bytes.real(inside_);
    bytes.real(balance_);
    bytes.signed_number(day_end_ ? unix_ms(day_end_->at) : 0);
    bytes.signed_number(unix_ms(counted_));
}

bool StoreOccupancy::adopt_level(ByteReader& bytes) {
    inside_ = bytes.real();
    balance_ = bytes.real();
    const WallTime end = from_unix_ms(bytes.signed_number());
    day_end_ = end == WallTime{} ? std::nullopt : std::optional(DayEnd{end, {}});
    counted_ = from_unix_ms(bytes.signed_number());
    return bytes.good();
}

void StoreOccupancy::save(ByteWriter& bytes) const {
    save_level(bytes);
    bytes.signed_number(day_end_ ? day_end_->wall_offset.count() : 0);
    bytes.number(doors_.size());
    for (const auto& [id, door] : doors_) {
        bytes.text(door.key);
        save_counter(door.counter, bytes);
    }
}

bool StoreOccupancy::read(ByteReader& bytes) {
    adopt_level(bytes);
    const std::chrono::milliseconds offset(bytes.signed_number());
    if (day_end_) {
        day_end_->wall_offset = offset;
    }
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        const std::string_view key = bytes.text();
        restore_door(key, read_counter(bytes));
    }
    return bytes.good();
}

void StoreOccupancy::restore_door(std::string_view key, const CounterDiscipline& counter) {
    for (auto& [id, door] : doors_) {
        if (door.key == key) {
            door.counter = counter;
        }
    }
}

}  // namespace cxedge::pipeline
