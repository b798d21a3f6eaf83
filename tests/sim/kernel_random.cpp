// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/kernel_random.hpp"

#include <cstring>

#include <sys/random.h>

#include "tests/sim/dice.hpp"

namespace {

cxedge::sim::Dice& dice() {
    static cxedge::sim::Dice only(0);  // the kernel has one as well
    return only;
}

}  // namespace

namespace cxedge::sim {

void seed_kernel_random(std::uint64_t seed) {
    dice() = Dice(seed);
}

}  // namespace cxedge::sim

extern "C" ssize_t getrandom(void* buffer, std::size_t bytes, unsigned /*flags*/) noexcept {
    auto* out = static_cast<char*>(buffer);
    for (std::size_t i = 0; i < bytes; ++i) {
        out[i] = static_cast<char>(dice().number());
    }
    return static_cast<ssize_t>(bytes);
}
