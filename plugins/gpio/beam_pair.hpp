// SPDX-License-Identifier: Apache-2.0
// Who walks through two light beams, and which way: the order in which they are broken and come
// back. Pure; time is what the caller says. Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace cxedge::plugins {

enum class Beam : std::uint8_t { a, b };
enum class Passage : std::uint8_t { in, out };  // in: a, then b

class BeamPair {
public:
    using Time = std::chrono::nanoseconds;
    struct Limits {
        Time gap{std::chrono::seconds(2)};       // between two beams that are not broken together
        Time blocked{std::chrono::seconds(30)};  // so long nobody stands in a beam
    };

    // `a` and `b`: whether they are broken at the beginning. Who stands in them then is not
    // counted.
    BeamPair(Limits limits, bool a, bool b, Time now);

    // A beam is broken or whole again; in the order of time. Somebody has passed: which way.
    std::optional<Passage> change(Beam beam, bool broken, Time at);

    // A beam is broken for longer than anybody stands in it: whatever then ends is no passage.
    // True from then until both are whole again.
    [[nodiscard]] bool is_blocked(Time now) const;
    // When is_blocked() may become true; none: both are whole.
    [[nodiscard]] std::optional<Time> blocked_at() const;

private:
    [[nodiscard]] bool is_free() const { return !a_ && !b_; }
    void begin(Time at);
    std::optional<Passage> end(Time at);
    std::optional<Passage> end_of_one_beam(Beam beam, Time at);

    // A beam that was broken alone: half of a passage, if the other one follows soon.
    struct Half {
        Beam beam = Beam::a;
        Time until{0};
    };

    Limits limits_;
    bool a_;
    bool b_;
    bool countable_;  // it was seen from its beginning
    bool touched_a_ = false;
    bool touched_b_ = false;
    int steps_ = 0;  // quarters of the way in; -4: all the way out
    Time since_;     // when the first beam was broken
    std::optional<Half> half_;
};

}  // namespace cxedge::plugins
