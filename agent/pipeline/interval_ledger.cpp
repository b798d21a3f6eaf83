// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/interval_ledger.hpp"

#include <algorithm>

namespace cxedge::pipeline {

IntervalLedger::Taken IntervalLedger::take(const Interval& interval) {
    Taken taken;
    for (const Interval& told : told_) {
        taken.is_known = taken.is_known || (told.from <= interval.from && interval.to <= told.to);
        taken.overlaps = taken.overlaps || (told.from < interval.to && interval.from < told.to);
    }
    if (taken.is_known) {
        return taken;
    }
    if (!told_.empty() && told_.back().to < interval.from) {
        taken.hole = Interval{told_.back().to, interval.from};
    }
    Interval all = interval;
    std::vector<Interval> rest;
    for (const Interval& told : told_) {
        if (told.to < all.from || all.to < told.from) {
            rest.push_back(told);
        } else {
            all = {std::min(all.from, told.from), std::max(all.to, told.to)};
        }
    }
    const auto place = std::find_if(rest.begin(), rest.end(), [&](const Interval& told) {
        return all.to < told.from;
    });
    rest.insert(place, all);
    if (rest.size() > kMostRanges) {
        rest[1].from = rest[0].from;
        rest.erase(rest.begin());
    }
    told_ = std::move(rest);
    return taken;
}

std::optional<WallTime> IntervalLedger::end() const {
    return told_.empty() ? std::nullopt : std::optional(told_.back().to);
}

void IntervalLedger::begin_at(WallTime end) {
    told_ = {{WallTime{}, end}};
}

void IntervalLedger::save(ByteWriter& bytes) const {
    bytes.number(told_.size());
    for (const Interval& told : told_) {
        bytes.signed_number(unix_ms(told.from));
        bytes.signed_number(unix_ms(told.to));
    }
}

bool IntervalLedger::read(ByteReader& bytes) {
    told_.clear();
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        const WallTime from = from_unix_ms(bytes.signed_number());
        told_.push_back({from, from_unix_ms(bytes.signed_number())});
    }
    return bytes.good();
}

}  // namespace cxedge::pipeline
