// SPDX-License-Identifier: Apache-2.0
// The kernel's random numbers, from a seed: epochs and event ids are part of what a seed replays.
// Takes the place of getrandom(2) in programs that link it. Thread: one.
#pragma once

#include <cstdint>

namespace cxedge::sim {

void seed_kernel_random(std::uint64_t seed);

}  // namespace cxedge::sim
