// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_tracer.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins {

bool TracedHop::silent() const {
    return std::none_of(tries.begin(), tries.end(), [](const auto& each) {
        return each.has_value();
    });
}

PathTracer::PathTracer(const TraceRules& rules, int expected)
    : rules_(rules),
      expected_(expected),
      end_(rules.max_hops),
      last_answered_(rules.first_hop - 1) {}

std::optional<PathTracer::Ask> PathTracer::next() {
    if (serial_ && on_the_way() > 0) {
        return std::nullopt;
    }
    const std::optional<Ask> again = ask_again();
    return again ? again : open_next();
}

std::optional<PathTracer::Ask> PathTracer::ask_again() {
    for (auto& [ttl, state] : hops_) {
        if (state.asked == state.settled && state.asked < rules_.tries) {
            return Ask{ttl, state.asked++};
        }
    }
    return std::nullopt;
}

std::optional<PathTracer::Ask> PathTracer::open_next() {
    const int ttl = hops_.empty() ? rules_.first_hop : hops_.rbegin()->first + 1;
    if (!may_open(ttl) || unfinished() >= rules_.window) {
        return std::nullopt;
    }
    State& state = hops_[ttl];
    state.asked = 1;
    state.tries.resize(static_cast<std::size_t>(rules_.tries));
    return Ask{ttl, 0};
}

bool PathTracer::may_open(int ttl) const {
    if (ttl > end_ || ttl - last_answered_ > rules_.silent_hops) {
        return false;
    }
    return ttl <= expected_ || expected_ == 0 || unfinished() == 0 ||
           hops_.rbegin()->first > expected_;
}

int PathTracer::unfinished() const {
    return static_cast<int>(std::count_if(hops_.begin(), hops_.end(), [this](const auto& each) {
        return !finished(each.second);
    }));
}

int PathTracer::on_the_way() const {
    int count = 0;
    for (const auto& [ttl, state] : hops_) {
        count += state.asked - state.settled;
    }
    return count;
}

PathTracer::State* PathTracer::state_of(const Ask& ask) {
    const auto found = hops_.find(ask.ttl);
    const bool known = found != hops_.end() && ask.attempt >= 0 && ask.attempt < rules_.tries;
    return known ? &found->second : nullptr;
}

void PathTracer::answered(const Ask& ask, HopAnswer answer) {
    State* const state = state_of(ask);
    if (state == nullptr) {
        return;  // behind the target
    }
    const bool last = answer.word != PathWord::hop;
    ++state->settled;
    state->tries[static_cast<std::size_t>(ask.attempt)] = std::move(answer);
    last_answered_ = std::max(last_answered_, ask.ttl);
    if (last) {
        cut(ask.ttl);
    }
}

void PathTracer::unanswered(const Ask& ask) {
    if (State* const state = state_of(ask)) {
        ++state->settled;
    }
}

void PathTracer::cut(int last) {
    end_ = std::min(end_, last);
    hops_.erase(hops_.upper_bound(end_), hops_.end());
}

bool PathTracer::done() {
    if (unfinished() > 0) {
        return false;
    }
    return !may_open(hops_.empty() ? rules_.first_hop : hops_.rbegin()->first + 1);
}

std::vector<TracedHop> PathTracer::hops() const {
    std::vector<TracedHop> hops;
    for (const auto& [ttl, state] : hops_) {
        if (ttl <= last_answered_) {
            hops.push_back({ttl, state.tries});
        }
    }
    return hops;
}

PathWord PathTracer::end() const {
    PathWord end = PathWord::hop;
    const auto last = hops_.find(end_);
    if (last == hops_.end()) {
        return end;
    }
    for (const std::optional<HopAnswer>& each : last->second.tries) {
        if (each && each->word == PathWord::reached) {
            return PathWord::reached;
        }
        if (each && each->word != PathWord::hop) {
            end = each->word;
        }
    }
    return end;
}

}  // namespace cxedge::plugins
