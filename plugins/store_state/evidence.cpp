// SPDX-License-Identifier: Apache-2.0
#include "plugins/store_state/evidence.hpp"

#include <algorithm>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostSeries = 256;
constexpr std::size_t kMostCounted = 10'000;

}  // namespace

std::vector<EvidenceRule> usual_evidence() {
    using std::chrono::hours;
    EvidenceRule door{"door", "store.door.open", {}, 1, 1};
    door.weight = 2;
    door.stale = hours(25);  // a contact reports when it changes, and once a day
    door.presence = true;
    const EvidenceRule light{"light", "store.env.illuminance", {}, 100, 30};
    EvidenceRule footfall{"footfall", "store.footfall.*", {}, 5, 5};
    footfall.counts = true;
    footfall.weight = 2;
    footfall.says = "open";  // nobody comes in a quiet hour, either
    footfall.presence = true;
    EvidenceRule staff{"staff", "store.staff.on_floor", {}, 1, 1};
    return {door, light, footfall, staff};
}

bool Evidence::fits(const SeriesInfo& info) const {
    return std::all_of(rule_.dims.begin(), rule_.dims.end(), [&](const auto& wanted) {
        return std::any_of(info.key.dims.begin(), info.key.dims.end(), [&](const Dimension& dim) {
            return dim.key == wanted.first && dim.value == wanted.second;
        });
    });
}

void Evidence::take(const SeriesInfo& info, double value, SteadyTime at) {
    if (!fits(info) || (levels_.size() >= kMostSeries && !levels_.contains(info.key))) {
        return;
    }
    news_ = news_ ? std::max(*news_, at) : at;
    if (rule_.counts) {
        count(info, value, at);
    }
    const auto known = levels_.find(info.key);
    if (known == levels_.end() || known->second.at <= at) {
        levels_.insert_or_assign(info.key, Level{at, value});
    }
}

void Evidence::count(const SeriesInfo& info, double value, SteadyTime at) {
    double amount = value;
    if (info.kind == Kind::counter) {
        const auto before = levels_.find(info.key);
        if (before == levels_.end() || before->second.at > at) {
            return;  // the first says nothing about when
        }
        const double rise = value - before->second.value;
        amount = rise >= 0 ? rise : value;  // it began anew
    }
    if (amount > 0) {
        counted_.push_back({at, amount});
    }
    if (counted_.size() > kMostCounted) {
        counted_.pop_front();
    }
}

std::optional<double> Evidence::value(SteadyTime now) const {
    if (!news_ || now - *news_ > rule_.stale) {
        return std::nullopt;
    }
    double sum = 0;
    double highest = 0;
    for (const Counted& counted : counted_) {
        sum += now - counted.at < rule_.window ? counted.amount : 0;
    }
    for (const auto& [key, level] : levels_) {
        highest = now - level.at <= rule_.stale ? std::max(highest, level.value) : highest;
    }
    return rule_.counts ? sum : highest;
}

Evidence::Says Evidence::says(SteadyTime now) {
    while (!counted_.empty() && now - counted_.front().at > rule_.window) {
        counted_.pop_front();
    }
    const std::optional<double> level = value(now);
    if (!level) {
        on_since_.reset();
        is_on_ = false;
        return Says::nothing;
    }
    is_on_ = *level >= rule_.on || (is_on_ && *level >= rule_.off);
    on_since_ = is_on_ ? on_since_.value_or(now) : std::optional<SteadyTime>();
    if (is_on_) {
        return rule_.says == "closed" || is_stuck(now) ? Says::nothing : Says::open;
    }
    return rule_.says == "open" ? Says::nothing : Says::closed;
}

bool Evidence::is_stuck(SteadyTime now) const {
    return rule_.stuck.count() > 0 && on_since_ && now - *on_since_ > rule_.stuck;
}

}  // namespace cxedge::plugins
