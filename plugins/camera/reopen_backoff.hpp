// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "agent/base/result.hpp"

namespace cxedge::camera {

// How long to wait before a stream is opened again: 1 s to 2 s at first, then doubling, half of it
// random, so that the cameras of a shop do not all ask a rebooting switch at once.
class ReopenBackoff {
public:
    // A camera that does not answer is asked often enough to count again within 10 s of its return:
    // this, and 0.3 s to open, and the wait for a picture that needs no other. One that answers and
    // refuses (a wrong password locks the account of many) is asked once a minute.
    static constexpr std::chrono::milliseconds kLongestAway{4000};
    static constexpr std::chrono::milliseconds kLongestRefused{60'000};

    // `random`: any 32 bits.
    std::chrono::milliseconds next(const Error& why, std::uint32_t random) {
        const bool away = why.code == ErrorCode::unavailable;
        const auto longest = away ? kLongestAway : kLongestRefused;
        const auto full = std::min(longest, kFirst * (1 << std::min(failures_, 6)));
        ++failures_;
        const auto half = full.count() / 2;
        return std::chrono::milliseconds(half + random % (half + 1));
    }
    void reset() { failures_ = 0; }

private:
    static constexpr std::chrono::milliseconds kFirst{2000};  // with its random half: 1 s to 2 s
    int failures_ = 0;                                        // in a row
};

}  // namespace cxedge::camera
