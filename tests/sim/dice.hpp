// SPDX-License-Identifier: Apache-2.0
// Random choices of one seed: the same on every machine and library, so that a seed replays.
#pragma once

#include <cstdint>
#include <random>

namespace cxedge::sim {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    // From first to last, both included.
    std::int64_t between(std::int64_t first, std::int64_t last) {
        const auto span = static_cast<std::uint64_t>(last - first) + 1;
        return first + static_cast<std::int64_t>(engine_() % span);
    }
    bool one_in(std::int64_t n) { return between(1, n) == 1; }
    bool percent(std::int64_t of_a_hundred) { return between(1, 100) <= of_a_hundred; }
    std::uint64_t number() { return engine_(); }

private:
    std::mt19937_64 engine_;
};

}  // namespace cxedge::sim
