// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace cxedge {

// FNV-1a, 64 bits (Fowler, Noll, Vo; IETF draft-eastlake-fnv): the same on every machine and in
// every version, so for what is stored. Not against who wants collisions. Thread: any.
inline constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t sum = kFnvBasis) {
    for (const char c : bytes) {
        sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return sum;
}

}  // namespace cxedge
