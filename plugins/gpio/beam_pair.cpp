// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpio/beam_pair.hpp"

namespace cxedge::plugins {
namespace {

constexpr int kWholeWay = 4;

// Where a body is on its way from outside (0) over a, both and b to inside (4, which is 0 again).
int place_of(bool a, bool b) {
    if (a) {
        return b ? 2 : 1;
    }
    return b ? 3 : 0;
}

// One beam changes at a time, so it is always one step, forth or back.
int step_between(int from, int to) {
    return (to - from + kWholeWay) % kWholeWay == 1 ? 1 : -1;
}

}  // namespace

BeamPair::BeamPair(Limits limits, bool a, bool b, Time now)
    : limits_(limits), a_(a), b_(b), countable_(!a && !b), since_(now) {}

std::optional<Passage> BeamPair::change(Beam beam, bool broken, Time at) {
    bool& changed = beam == Beam::a ? a_ : b_;
    if (changed == broken) {
        return std::nullopt;
    }
    if (is_free()) {
        begin(at);
    }
    const int before = place_of(a_, b_);
    changed = broken;
    steps_ += step_between(before, place_of(a_, b_));
    touched_a_ = touched_a_ || a_;
    touched_b_ = touched_b_ || b_;
    return is_free() ? end(at) : std::nullopt;
}

void BeamPair::begin(Time at) {
    since_ = at;
    steps_ = 0;
    touched_a_ = false;
    touched_b_ = false;
    countable_ = true;
    if (half_ && at > half_->until) {
        half_.reset();
    }
}

std::optional<Passage> BeamPair::end(Time at) {
    if (!countable_ || at - since_ >= limits_.blocked) {
        half_.reset();
        return std::nullopt;
    }
    if (touched_a_ != touched_b_) {
        return end_of_one_beam(touched_a_ ? Beam::a : Beam::b, at);
    }
    half_.reset();
    if (steps_ == kWholeWay) {
        return Passage::in;
    }
    return steps_ == -kWholeWay ? std::optional(Passage::out) : std::nullopt;
}

// Beams farther apart than a body is thick are broken one after the other.
std::optional<Passage> BeamPair::end_of_one_beam(Beam beam, Time at) {
    if (half_ && half_->beam != beam) {
        half_.reset();
        return beam == Beam::b ? Passage::in : Passage::out;
    }
    half_ = Half{beam, at + limits_.gap};
    return std::nullopt;
}

bool BeamPair::is_blocked(Time now) const {
    return !is_free() && now - since_ >= limits_.blocked;
}

std::optional<BeamPair::Time> BeamPair::blocked_at() const {
    return is_free() ? std::nullopt : std::optional(since_ + limits_.blocked);
}

}  // namespace cxedge::plugins
