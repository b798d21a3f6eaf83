// SPDX-License-Identifier: Apache-2.0
// From bytes and times to the rate of a line: what counts of a transfer, and when more of it would
// not tell more. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace cxedge::plugins::throughput {

struct RateRules {
    double warmup_s = 1;  // TCP's slow start, which is not counted
    // The rate of the latest window_s is the same, within `spread` of its mean, for `stable_s`.
    double window_s = 1;
    double stable_s = 2;
    double spread = 0.02;
};

class RateMeter {
public:
    explicit RateMeter(const RateRules& rules) : rules_(rules) {}

    // So many bytes had been moved by `at_s`. Neither ever goes back.
    void add(double at_s, std::uint64_t bytes);

    // So many bytes had come in by then, in whatever order: add() is told of them when those before
    // them are there, too. Where a line drops packets more is waiting at one moment than at
    // another.
    void came_in(double at_s, std::uint64_t bytes);

    // Nothing was moved in the latest two seconds.
    [[nodiscard]] bool stalled() const;
    // The rate does not change any more.
    [[nodiscard]] bool stable() const;

    struct Counted {
        double from_s = 0;
        double to_s = 0;
        std::uint64_t bytes = 0;
        [[nodiscard]] double bits_per_s() const;
    };
    // From warmup_s behind the first byte to the last byte; of a transfer that had moved half of
    // its bytes by then, the second half; never more than came in meanwhile. Nothing: too little to
    // tell.
    [[nodiscard]] std::optional<Counted> counted() const;
    // Bytes a second of the latest tenth of a second that is known; 0: too little to tell.
    [[nodiscard]] double latest() const;
    // The warm-up is over.
    [[nodiscard]] bool warm() const;
    [[nodiscard]] std::uint64_t bytes() const { return marks_.empty() ? 0 : marks_.back().bytes; }
    // Since the first byte.
    [[nodiscard]] double elapsed_s() const;

private:
    struct Mark {
        double at_s = 0;
        std::uint64_t bytes = 0;
    };
    [[nodiscard]] const Mark& mark_before(double at_s) const;
    [[nodiscard]] std::uint64_t most_between(const Counted& counted) const;

    RateRules rules_;
    std::vector<Mark> marks_;     // from the first byte on
    std::vector<Mark> arrivals_;  // likewise, of came_in()
};

// Nothing: no values.
std::optional<double> median(std::vector<double> values);

}  // namespace cxedge::plugins::throughput
