// SPDX-License-Identifier: Apache-2.0
// Which hop is asked next, and when all is known that can be. Pure. Thread: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/probe_path/path_packets.hpp"

namespace cxedge::plugins {

struct TraceRules {
    int first_hop = 1;
    int max_hops = 30;    // up to 255
    int tries = 3;        // each hop is asked so often, one after the other
    int window = 6;       // hops asked at the same time
    int silent_hops = 5;  // so many in a row and it is given up
};

struct HopAnswer {
    std::string from;
    double rtt_s = 0;
    PathWord word = PathWord::hop;
};

struct TracedHop {
    int ttl = 0;
    std::vector<std::optional<HopAnswer>> tries;  // nothing: no answer
    [[nodiscard]] bool silent() const;
};

class PathTracer {
public:
    // `expected`: hops that the target was away the last time; further ones are asked only when the
    // target did not answer up to there, because a target answers all that reach it, at a limited
    // rate. 0: not known.
    PathTracer(const TraceRules& rules, int expected);

    struct Ask {
        int ttl = 0;
        int attempt = 0;  // from 0
    };
    // What to send now; nothing: wait for what is on the way, or done().
    std::optional<Ask> next();
    void answered(const Ask& ask, HopAnswer answer);
    void unanswered(const Ask& ask);
    // One probe at a time from now on: some answers do not say what they answer.
    void go_serial() { serial_ = true; }
    [[nodiscard]] bool done();

    // From the first hop up to the target, or to the last that answered.
    [[nodiscard]] std::vector<TracedHop> hops() const;
    // Why it ends there: reached, no_route, refused; hop: it got no further.
    [[nodiscard]] PathWord end() const;

private:
    struct State {
        int asked = 0;
        int settled = 0;
        std::vector<std::optional<HopAnswer>> tries;
    };
    [[nodiscard]] bool finished(const State& state) const { return state.settled >= rules_.tries; }
    [[nodiscard]] bool may_open(int ttl) const;
    [[nodiscard]] int unfinished() const;
    [[nodiscard]] int on_the_way() const;
    std::optional<Ask> ask_again();
    std::optional<Ask> open_next();
    State* state_of(const Ask& ask);
    void cut(int last);

    TraceRules rules_;
    int expected_;
    int end_;            // no hop behind this one matters
    int last_answered_;  // the furthest hop that said anything
    bool serial_ = false;
    std::map<int, State> hops_;
};

}  // namespace cxedge::plugins
