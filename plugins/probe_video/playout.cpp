// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/playout.hpp"

#include <algorithm>

namespace cxedge::plugins::video {

void Playout::advance(double now_s) {
    const double span_s = std::max(0.0, now_s - now_s_);
    now_s_ += span_s;
    if (state_ == State::playing) {
        play(span_s);
    } else if (state_ == State::stalled) {
        stalled_s_ += span_s;
    }
}

void Playout::play(double span_s) {
    const double rest_s = span_s - buffered_s();
    if (rest_s < 0) {
        played_s_ += span_s;
        return;
    }
    played_s_ = added_s_;
    run_dry(rest_s);
}

// The buffer has been empty for `rest_s`.
void Playout::run_dry(double rest_s) {
    if (complete()) {
        state_ = State::over;
    } else if (rest_s > 0) {
        state_ = State::stalled;
        ++stalls_;
        stalled_s_ += rest_s;
    }
}

void Playout::add(double now_s, double media_s) {
    advance(now_s);
    added_s_ = std::min(added_s_ + std::max(0.0, media_s), rules_.watch_s);
    begin_if_ready();
}

void Playout::no_more(double now_s) {
    advance(now_s);
    ended_ = true;
    begin_if_ready();
}

void Playout::begin_if_ready() {
    if (state_ == State::playing) {
        return;
    }
    if (complete() && buffered_s() <= 0) {
        state_ = State::over;
    } else if (state_ != State::over && (complete() || buffered_s() >= rules_.start_s)) {
        state_ = State::playing;
        began_s_ = began_s_.value_or(now_s_);
    }
}

}  // namespace cxedge::plugins::video
