// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cxedge::bench {

inline std::int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Arrived {
    std::int64_t first_ns = 0;  // steady clock; 0: never
    std::uint32_t times = 0;    // in different messages
};

// What came of each sample, by the whole part of its value. Thread: one writes; received() any.
class Arrivals {
public:
    explicit Arrivals(std::size_t samples) : arrived_(samples) {}

    void take(double value) {
        if (value < 0 || value >= static_cast<double>(arrived_.size())) {
            return;
        }
        Arrived& arrived = arrived_[static_cast<std::size_t>(value)];
        if (arrived.times++ == 0) {
            arrived.first_ns = now_ns();
            ++received_;
        }
    }
    [[nodiscard]] std::size_t received() const { return received_.load(); }
    [[nodiscard]] const std::vector<Arrived>& all() const { return arrived_; }

private:
    std::vector<Arrived> arrived_;
    std::atomic<std::size_t> received_{0};
};

}  // namespace cxedge::bench
