// SPDX-License-Identifier: Apache-2.0
// What a person sees of a video whose media comes as it comes: when it begins, stands still and
// ends. A model of time alone; nothing is decoded. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>

namespace cxedge::plugins::video {

struct PlayoutRules {
    double start_s = 2;   // play begins, and goes on after a stall, with so much media
    double watch_s = 30;  // play ends after so much media
};

// All times in seconds since the person pressed play; they never go back.
class Playout {
public:
    enum class State : std::uint8_t { buffering, playing, stalled, over };

    explicit Playout(const PlayoutRules& rules) : rules_(rules) {}

    // So much media is complete at `now_s`.
    void add(double now_s, double media_s);
    // There will be no more: what is buffered is played to its end.
    void no_more(double now_s);
    void advance(double now_s);

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] double buffered_s() const { return added_s_ - played_s_; }
    // Media that came and is of use: at most watch_s.
    [[nodiscard]] double added_s() const { return added_s_; }
    // All that will be played is here.
    [[nodiscard]] bool complete() const { return ended_ || added_s_ >= rules_.watch_s; }
    [[nodiscard]] double played_s() const { return played_s_; }
    // Nothing: it never began.
    [[nodiscard]] std::optional<double> initial_buffer_s() const { return began_s_; }
    [[nodiscard]] double stalled_s() const { return stalled_s_; }
    [[nodiscard]] std::uint64_t stalls() const { return stalls_; }

private:
    void play(double span_s);
    void run_dry(double rest_s);
    void begin_if_ready();

    PlayoutRules rules_;
    State state_ = State::buffering;
    double now_s_ = 0;
    double added_s_ = 0;
    double played_s_ = 0;
    double stalled_s_ = 0;
    std::uint64_t stalls_ = 0;
    std::optional<double> began_s_;
    bool ended_ = false;
};

}  // namespace cxedge::plugins::video
