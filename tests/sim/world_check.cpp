// SPDX-License-Identifier: Apache-2.0
// What must hold at the end of a world.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "tests/sim/world.hpp"

namespace cxedge::sim {
void World::check() {
    for (const std::string& problem : platform_.problems()) {
        fail(problem);
    }
    for (const std::string& violation : broker_.violations()) {
        fail("the broker would have hung up: " + violation);
    }
    const std::vector<std::string> impossible = books_.impossible();
    for (std::size_t i = 0; i < std::min<std::size_t>(impossible.size(), 3); ++i) {
        fail(impossible[i]);
    }
    for (const Lane lane : kLanes) {
        check_lane(lane);
    }
    if (scenario_.windows) {
        check_increments();
    }
}

// received + gaps + dead letters == produced
void World::check_lane(Lane lane) {
    const Books::Missing missing = books_.missing(lane);
    const Platform::Declared declared = platform_.declared(lane);
    const std::uint64_t said = lane == Lane::control ? declared.events : declared.samples;
    trace(missing.count);
    if (lane == Lane::bulk && scenario_.windows) {
        return;  // its samples are windows: check_increments()
    }
    const std::uint64_t unexcused = missing.count - missing.excused;
    if (unexcused > said && !platform_.misses_declarations()) {
        fail(fmt::format(
            "lane {}: {} accepted items are missing, {} of them excused by a power cut, {} "
            "declared; "
            "without an excuse from {} (at {} ms) to {} (at {} ms)",
            to_string(lane),
            missing.count,
            missing.excused,
            said,
            missing.first,
            missing.first_at.count(),
            missing.last,
            missing.last_at.count()
        ));
    }
    // Events of the agent's own may be among what was lost; nobody knows how many it made.
    const bool exact = lane != Lane::control || platform_.own_events() == 0;
    if (exact && said > missing.count + missing.turned_away) {
        fail(fmt::format(
            "lane {}: {} declared, but only {} are missing and {} turned away",
            to_string(lane),
            said,
            missing.count,
            missing.turned_away
        ));
    }
    const bool all_told = outcome_.kills + outcome_.power_cuts == 0;
    if (all_told && exact && said != missing.count + missing.turned_away) {
        fail(fmt::format(
            "lane {}: {} declared, {} missing, {} turned away",
            to_string(lane),
            said,
            missing.count,
            missing.turned_away
        ));
    }
}

void World::check_increments() {
    const Books::Increments sums = books_.increments();
    const bool complete = platform_.declared(Lane::bulk).samples == 0;
    if (sums.arrived > sums.accepted + sums.doubtful) {
        fail(fmt::format("{} counted, {} arrived", sums.accepted + sums.doubtful, sums.arrived));
    }
    if (complete && sums.arrived < sums.accepted - sums.excused) {
        fail(fmt::format(
            "{} counted, {} of it excused by power cuts, and only {} arrived",
            sums.accepted,
            sums.excused,
            sums.arrived
        ));
    }
}

}  // namespace cxedge::sim
