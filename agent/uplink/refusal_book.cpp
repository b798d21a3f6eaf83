// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/refusal_book.hpp"

#include <algorithm>

#include "agent/uplink/reason_code.hpp"

namespace cxedge::uplink {
namespace {

constexpr std::chrono::milliseconds kFirstPause{5000};
constexpr std::chrono::milliseconds kLongestPause{300000};

// 5 s, then `factor` times the one before.
std::chrono::milliseconds pause_after(std::uint32_t attempts, int factor) {
    auto pause = kFirstPause;
    for (std::uint32_t i = 1; i < attempts && pause < kLongestPause; ++i) {
        pause *= factor;
    }
    return std::min(pause, kLongestPause);
}

}  // namespace

void RefusalBook::passed(std::uint64_t position, Lane lane) {
    ++passed_;
    passed_here_ = true;
    forget(lane, position);
}

void RefusalBook::forget(Lane lane, std::uint64_t position) {
    entries_.erase({lane, position});
}

RefusalBook::Entry& RefusalBook::entry_of(const Refusal& refusal, SteadyTime now) {
    if (entries_.size() >= kMax && entries_.count({refusal.lane, refusal.position}) == 0) {
        entries_.erase(entries_.begin());
    }
    const auto [found, is_new] = entries_.try_emplace({refusal.lane, refusal.position});
    if (is_new) {
        found->second.first = now;
        found->second.passed_before = passed_;
    }
    return found->second;
}

Ruling RefusalBook::rule(const Refusal& refusal, SteadyTime now) {
    Entry& entry = entry_of(refusal, now);
    const bool counts = refusal.reason != reasons::kQuotaExceeded &&
                        (!speaks_of_the_topic(refusal.reason) || passed_here_);
    entry.attempts += counts ? 1 : 0;
    Ruling ruling;
    ruling.attempts = entry.attempts;
    if (refusal.reason == reasons::kPacketTooLarge ||
        refusal.reason == reasons::kPayloadFormatInvalid) {
        ruling.act = Ruling::Act::split;
        return ruling;
    }
    if (is_hopeless(refusal, entry, now)) {
        ruling.act = Ruling::Act::bury;
        return ruling;
    }
    ruling.pause = pause_after(entry.attempts, speaks_of_the_topic(refusal.reason) ? 3 : 2);
    entry.not_before = now + ruling.pause;
    return ruling;
}

bool RefusalBook::is_hopeless(const Refusal& refusal, const Entry& entry, SteadyTime now) const {
    if (refusal.lane == Lane::control || refusal.reason == reasons::kQuotaExceeded) {
        return false;
    }
    if (speaks_of_the_topic(refusal.reason)) {
        return passed_here_ && entry.attempts >= kTopicTries;
    }
    return entry.attempts >= kTries && now - entry.first >= kLong && passed_ > entry.passed_before;
}

std::optional<SteadyTime> RefusalBook::not_before(Lane lane, std::uint64_t position, SteadyTime now)
    const {
    const auto found = entries_.find({lane, position});
    const bool early = found != entries_.end() && now < found->second.not_before;
    return early ? std::optional(found->second.not_before) : std::nullopt;
}

}  // namespace cxedge::uplink
