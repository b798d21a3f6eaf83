// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/scenario.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace cxedge::sim {
namespace {

// How often a kind comes in a seed that has it, and how long it lasts.
struct Habit {
    FaultKind kind;
    std::int64_t percent_of_seeds;
    std::int64_t most;
    std::int64_t shortest_ms;
    std::int64_t longest_ms;
};

constexpr std::array<Habit, 15> kHabits{{
    {FaultKind::kill, 60, 12, 0, 0},
    {FaultKind::power_cut, 40, 5, 0, 0},
    {FaultKind::broker_down, 60, 4, 2'000, 240'000},
    {FaultKind::broker_stopped, 30, 3, 5'000, 60'000},
    {FaultKind::broker_crash, 50, 4, 0, 0},
    {FaultKind::connection_cut, 40, 10, 0, 0},
    {FaultKind::acks_late, 30, 3, 10'000, 60'000},
    {FaultKind::acks_missing, 20, 2, 5'000, 60'000},
    {FaultKind::refuse_quota, 20, 2, 5'000, 60'000},
    {FaultKind::refuse_topic, 15, 2, 5'000, 120'000},
    {FaultKind::refuse_some, 15, 2, 5'000, 120'000},
    {FaultKind::disk_full, 25, 3, 5'000, 90'000},
    {FaultKind::disk_write_error, 20, 3, 1'000, 60'000},
    {FaultKind::disk_sync_error, 15, 3, 1'000, 30'000},
    {FaultKind::clock_step, 30, 4, 0, 0},
}};

milliseconds clock_step(Dice& dice) {
    const milliseconds step(dice.between(1'000, dice.one_in(2) ? 60'000 : 7'200'000));
    return dice.one_in(2) ? step : -step;
}

Fault roll_fault(const Habit& habit, const Scenario& scenario, bool damages, Dice& dice) {
    Fault fault;
    fault.kind = habit.kind;
    fault.at = milliseconds(dice.between(1'000, scenario.length.count()));
    fault.lasts = milliseconds(dice.between(habit.shortest_ms, habit.longest_ms));
    fault.inside = dice.one_in(2);
    // After a power cut nothing is left to say what a damaged file held.
    fault.damaged = damages && habit.kind == FaultKind::kill && dice.one_in(2);
    fault.no_chip = dice.one_in(4);
    fault.step = clock_step(dice);
    return fault;
}

void roll_faults(Scenario& scenario, Dice& dice) {
    const bool damages = dice.percent(20);
    for (const Habit& habit : kHabits) {
        // A broker that forgets what it acknowledged is only survived with the platform's word.
        const bool possible = habit.kind != FaultKind::broker_crash || scenario.platform_ack;
        if (!dice.percent(habit.percent_of_seeds) || !possible) {
            continue;
        }
        for (std::int64_t i = dice.between(1, habit.most); i > 0; --i) {
            scenario.faults.push_back(roll_fault(habit, scenario, damages, dice));
        }
    }
    std::stable_sort(
        scenario.faults.begin(),
        scenario.faults.end(),
        [](const Fault& a, const Fault& b) { return a.at < b.at; }
    );
}

void roll_box(Scenario& scenario, Dice& dice) {
    BoxSettings& box = scenario.box;
    box.ring_bytes = std::size_t{64U << 10U} << static_cast<unsigned>(dice.between(0, 3));
    box.commit_interval = milliseconds(dice.one_in(4) ? 1000 : 5000);
    box.seal.offline = box.commit_interval;
    box.seal.samples = static_cast<std::size_t>(dice.between(20, 2000));
    box.seal.worth = static_cast<std::size_t>(dice.between(5, 128));
    box.window = static_cast<unsigned>(dice.between(1, 32));
    box.backfill_bytes_per_s = dice.one_in(3) ? 65536 : 0;
    box.drop_live_when_full = dice.one_in(3);
    if (dice.one_in(4)) {
        box.max_bytes = 1U << 20U;
    }
    if (dice.one_in(4)) {
        box.max_age_bulk = milliseconds(dice.between(10'000, 120'000));
    }
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    constexpr std::array<std::string_view, 15> kNames{
        "kill -9",
        "power cut",
        "broker down",
        "broker stopped",
        "broker crashes",
        "connection cut",
        "acknowledgements late",
        "acknowledgements missing",
        "refusals 0x97",
        "refusals 0x87 of live KPIs",
        "refusals 0x83 now and then",
        "disk full",
        "disk write errors",
        "disk sync errors",
        "clock step"};
    return kNames.at(static_cast<std::size_t>(kind));
}

bool Scenario::has(FaultKind kind) const {
    return std::any_of(faults.begin(), faults.end(), [kind](const Fault& fault) {
        return fault.kind == kind;
    });
}

bool Scenario::damages() const {
    return std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
        return fault.damaged;
    });
}

std::string Scenario::describe() const {
    return fmt::format(
        "{} s, {} faults, ring {} KiB, commit {} ms, window {}, receive maximum {}, packets {} "
        "B{}{}{}",
        length.count() / 1000,
        faults.size(),
        box.ring_bytes >> 10U,
        box.commit_interval.count(),
        box.window,
        limits.receive_maximum,
        limits.maximum_packet_size,
        platform_ack ? ", platform acknowledges" : "",
        windows ? ", windows" : "",
        boots_in_1970 ? ", boots in 1970" : ""
    );
}

Scenario Scenario::roll(std::uint64_t seed) {
    Dice dice(seed * 2 + 1);
    Scenario scenario;
    scenario.box.seed = seed;
    scenario.platform_ack = dice.one_in(2);
    scenario.boots_in_1970 = dice.one_in(10);
    scenario.windows = dice.one_in(3);
    scenario.length = milliseconds(dice.between(60'000, 600'000));
    scenario.most_readings = dice.between(1, 15);
    if (dice.one_in(10)) {  // hours, in larger steps
        scenario.length *= 20;
        scenario.longest_step = milliseconds(5000);
    }
    if (dice.one_in(3)) {
        scenario.limits.receive_maximum = static_cast<std::uint16_t>(dice.between(2, 40));
    }
    if (dice.one_in(4)) {
        scenario.limits.maximum_packet_size = static_cast<std::uint32_t>(dice.between(600, 8000));
    }
    roll_box(scenario, dice);
    roll_faults(scenario, dice);
    return scenario;
}

}  // namespace cxedge::sim
