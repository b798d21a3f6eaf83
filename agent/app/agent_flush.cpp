// SPDX-License-Identifier: Apache-2.0
// "cxctl flush": answered when all sinks have delivered what there was.
#include <algorithm>
#include <utility>

#include "agent/app/agent.hpp"

namespace cxedge::app {
namespace {

constexpr std::chrono::milliseconds kFlushFallback{30000};
constexpr std::chrono::milliseconds kFlushLongest{86400000};
constexpr std::chrono::milliseconds kFlushPoll{20};

}  // namespace

void Agent::answer_flush(std::string_view request, control::Respond respond) {
    const SteadyTime deadline =
        clock_.steady_now() + control::timeout_of(request, kFlushFallback, kFlushLongest);
    ingest_->flush([this, respond = std::move(respond), deadline] {
        loop_.post([this, respond, deadline] { watch_flush(respond, deadline); });
    });
}

void Agent::watch_flush(const control::Respond& respond, SteadyTime deadline) {
    flushes_.push_back({respond, deadline});
    drain_poll_ = loop_.every(kFlushPoll, [this] { answer_flushes(); });
}

void Agent::answer_flushes() {
    const bool done = std::all_of(sinks_.begin(), sinks_.end(), [](const auto& sink) {
        return sink->spool().drained();
    });
    const SteadyTime now = clock_.steady_now();
    std::erase_if(flushes_, [&](const Flush& flush) {
        if (!done && now < flush.deadline) {
            return false;
        }
        flush.respond(
            done ? control::ok_answer()
                 : control::error_answer("not everything was acknowledged in time")
        );
        return true;
    });
    if (flushes_.empty()) {
        drain_poll_.cancel();
    }
}

}  // namespace cxedge::app
