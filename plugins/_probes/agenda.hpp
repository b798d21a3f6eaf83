// SPDX-License-Identifier: Apache-2.0
// When tests run: cycles of UTC, so that all boxes agree about slots, each test at its own place in
// the cycle, so that they do not all fire at once. What was missed is skipped and counted, never
// made up for. Pure: time is passed in. Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/model/box_name.hpp"

namespace cxedge::probes {

// hash(node, test, target) modulo interval.
std::chrono::milliseconds phase_of(
    const BoxName& box,
    std::string_view test,
    std::string_view target,
    std::chrono::milliseconds interval
);

// The first start of a cycle after `after`: a time whose distance to `phase` behind the epoch is a
// multiple of `interval`.
WallTime next_cycle(
    WallTime after, std::chrono::milliseconds interval, std::chrono::milliseconds phase
);

class Agenda {
public:
    struct Due {
        std::size_t entry = 0;
        WallTime slot;             // the start of its cycle
        std::uint64_t missed = 0;  // whole cycles before that, in which it did not begin
        bool run = true;           // false: too late for this one, too, which is among `missed`
    };
    // A run that begins later than this is none of its cycle any more: a clock that was set, or a
    // box that slept, must not make all tests begin at once. Longer than the loop may be busy.
    static constexpr std::chrono::seconds kTooLate{30};

    // A run begins up to `jitter` after its slot; `random` gives any number.
    Agenda(
        std::chrono::milliseconds interval,
        std::chrono::milliseconds jitter,
        std::uint32_t (*random)()
    );

    // `boot`: Clock::boot_now() at the same moment.
    void add(std::chrono::milliseconds phase, WallTime now, BootTime boot);
    // What is due, in order; each is planned for its next cycle. A clock that was set back by more
    // than a cycle plans anew; cycles that a clock jumped over are not missed.
    std::vector<Due> take(WallTime now, BootTime boot);
    // When to look again; nothing: no entries.
    [[nodiscard]] std::optional<WallTime> next() const;

private:
    struct Entry {
        std::chrono::milliseconds phase;
        WallTime slot;
        WallTime begin;  // slot + jitter
    };
    void plan(std::size_t index, WallTime after);
    void plan_all(WallTime now);
    [[nodiscard]] Due due_now(std::size_t index, WallTime now, std::int64_t most_missed) const;

    std::chrono::milliseconds interval_;
    std::chrono::milliseconds jitter_;
    std::uint32_t (*random_)();
    std::vector<Entry> entries_;
    std::set<std::pair<WallTime, std::size_t>> order_;  // when, and which
    WallTime latest_;                                   // take() was told
    BootTime latest_boot_{};                            // likewise, or add()
};

}  // namespace cxedge::probes
