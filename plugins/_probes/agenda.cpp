// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/agenda.hpp"

#include <algorithm>
#include <string>

#include "agent/base/fnv.hpp"

namespace cxedge::probes {
std::chrono::milliseconds phase_of(
    const BoxName& box,
    std::string_view test,
    std::string_view target,
    std::chrono::milliseconds interval
) {
    std::string text = box.tenant + '/' + box.site + '/' + box.node + '\n';
    text.append(test).append(1, '\n').append(target);
    const std::uint64_t hash = fnv1a(text);
    // The low bits of this hash differ little for texts that end alike.
    const std::uint64_t mixed = hash ^ (hash >> 32U);
    return std::chrono::milliseconds(mixed % static_cast<std::uint64_t>(interval.count()));
}

WallTime next_cycle(
    WallTime after, std::chrono::milliseconds interval, std::chrono::milliseconds phase
) {
    const std::int64_t since = unix_ms(after) - phase.count();
    std::int64_t cycles = since / interval.count();
    if (since % interval.count() < 0) {
        --cycles;
    }
    return from_unix_ms((cycles + 1) * interval.count() + phase.count());
}

Agenda::Agenda(
    std::chrono::milliseconds interval, std::chrono::milliseconds jitter, std::uint32_t (*random)()
)
    : interval_(interval), jitter_(jitter), random_(random) {}

void Agenda::plan(std::size_t index, WallTime after) {
    Entry& entry = entries_[index];
    entry.slot = next_cycle(after, interval_, entry.phase);
    entry.begin = entry.slot;
    if (jitter_.count() > 0) {
        entry.begin += std::chrono::milliseconds(random_() % (jitter_.count() + 1));
    }
    order_.insert({entry.begin, index});
}

void Agenda::add(std::chrono::milliseconds phase, WallTime now, BootTime boot) {
    entries_.push_back({phase, {}, {}});
    latest_boot_ = boot;
    plan(entries_.size() - 1, now);
}

void Agenda::plan_all(WallTime now) {
    order_.clear();
    for (std::size_t index = 0; index < entries_.size(); ++index) {
        plan(index, now);
    }
}

std::vector<Agenda::Due> Agenda::take(WallTime now, BootTime boot) {
    if (latest_ - now > interval_) {
        plan_all(now);
    }
    const std::int64_t most_missed = (boot - latest_boot_) / interval_ + 1;
    latest_ = now;
    latest_boot_ = boot;
    std::vector<Due> due;
    while (!order_.empty() && order_.begin()->first <= now) {
        const std::size_t index = order_.begin()->second;
        order_.erase(order_.begin());
        due.push_back(due_now(index, now, most_missed));
        // Behind the slot that runs now, not behind `now`: jitter may reach into the next one.
        plan(index, due.back().run ? due.back().slot : now);
    }
    return due;
}

Agenda::Due Agenda::due_now(std::size_t index, WallTime now, std::int64_t most_missed) const {
    const Entry& entry = entries_[index];
    const std::int64_t missed = (now - entry.slot) / interval_;
    const WallTime slot = entry.slot + missed * interval_;
    const auto late = now - slot - (entry.begin - entry.slot);
    const bool run = late <= std::min<std::chrono::milliseconds>(kTooLate, interval_);
    const std::int64_t not_run = missed + (run ? 0 : 1);
    return {index, slot, static_cast<std::uint64_t>(std::min(not_run, most_missed)), run};
}

std::optional<WallTime> Agenda::next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
}

}  // namespace cxedge::probes
