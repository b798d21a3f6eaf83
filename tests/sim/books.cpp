// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/books.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

namespace cxedge::sim {

std::uint64_t Books::offer(Lane lane, milliseconds at) {
    items_.push_back({lane, Fate::doubtful, at});
    last_ = &items_.back();
    return items_.size();
}

void Books::offer_increment(double amount, milliseconds at) {
    increments_.push_back({Lane::bulk, Fate::doubtful, at, amount});
    last_ = &increments_.back();
}

void Books::decide(Fate fate) {
    last_->fate = fate;
}

void Books::commit_all() {
    for (; safe_ < items_.size(); ++safe_) {
        items_[safe_].safe = true;
    }
}

void Books::power_cut(milliseconds items, milliseconds windows) {
    for (auto item = items_.rbegin(); item != items_.rend() && item->at >= items; ++item) {
        item->excused |= !item->safe;
    }
    for (auto item = increments_.rbegin(); item != increments_.rend() && item->at >= windows;
         ++item) {
        item->excused = true;
    }
}

bool Books::arrive(std::uint64_t number, Lane lane) {
    if (number == 0 || number > items_.size() || items_[number - 1].lane != lane) {
        return false;
    }
    ++items_[number - 1].arrived;
    return true;
}

Books::Missing Books::missing(Lane lane) const {
    Missing missing;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        missing.turned_away += item.lane == lane && item.fate == Fate::turned_away ? 1U : 0U;
        if (item.lane != lane || item.fate != Fate::accepted || item.arrived > 0) {
            continue;
        }
        ++missing.count;
        missing.excused += item.excused ? 1U : 0U;
        if (!item.excused) {
            missing.first_at = missing.first == 0 ? item.at : missing.first_at;
            missing.first = missing.first == 0 ? i + 1 : missing.first;
            missing.last = i + 1;
            missing.last_at = item.at;
        }
    }
    return missing;
}

std::uint64_t Books::accepted() const {
    const auto count = std::count_if(items_.begin(), items_.end(), [](const Item& item) {
        return item.fate == Fate::accepted;
    });
    return static_cast<std::uint64_t>(count);
}

std::vector<std::string> Books::impossible() const {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        const bool refused = item.fate == Fate::refused || item.fate == Fate::turned_away;
        if (item.arrived > 1 || (item.arrived > 0 && refused)) {
            found.push_back(fmt::format(
                "item {} of lane {} ({}, offered at {} ms) arrived {} times",
                i + 1,
                to_string(item.lane),
                refused ? "refused" : "accepted",
                item.at.count(),
                item.arrived
            ));
        }
    }
    return found;
}

Books::Increments Books::increments() const {
    Increments sums;
    sums.arrived = increments_arrived_;
    for (const Item& item : increments_) {
        sums.accepted += item.fate == Fate::accepted ? item.amount : 0;
        sums.doubtful += item.fate == Fate::doubtful ? item.amount : 0;
        sums.excused += item.fate == Fate::accepted && item.excused ? item.amount : 0;
    }
    return sums;
}

EventId Books::event_id(std::uint64_t number) {
    EventId id{};
    std::memcpy(id.data(), &number, sizeof(number));
    return id;
}

std::uint64_t Books::number_of(const EventId& id) {
    std::uint64_t number = 0;
    std::memcpy(&number, id.data(), sizeof(number));
    return number;
}

}  // namespace cxedge::sim
