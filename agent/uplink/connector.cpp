// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/connector.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/log.hpp"

namespace cxedge::uplink {
namespace {

// The scout is looked after this often while it is on its way.
constexpr std::chrono::milliseconds kProbeTurn{20};

}  // namespace

Connector::Connector(Options options, Broker* scout, SteadyTime now)
    : endpoints_(std::move(options.endpoints)),
      pace_(options.pace),
      failback_(options.failback),
      next_attempt_(now) {
    if (scout != nullptr) {
        probe_.emplace(*scout);
    }
}

void Connector::attempt(BrokerOptions& options, SteadyTime now) {
    pace_.attempted(now);
    point_at(options, endpoints_.current());
    options.protocol = protocol_.current(now);
}

void Connector::connected(SteadyTime now) {
    pace_.connected(now);
    protocol_.connected(now);
    endpoints_.succeeded();
    next_probe_ = now + failback_;
}

void Connector::lost(const Loss& loss, SteadyTime now) {
    protocol_.lost(loss, now);
    wait(pace_.lost(loss, now), now);
}

void Connector::stalled(SteadyTime now) {
    wait(pace_.stalled(now), now);
}

void Connector::wait(std::chrono::milliseconds pause, SteadyTime now) {
    if (probe_) {
        probe_->cancel();
    }
    next_attempt_ = now + pause;
    const bool moved = endpoints_.failed();
    if (moved) {
        protocol_.forget();
    }
    log::info(
        "uplink", fmt::format("next attempt in {} ms at {}", pause.count(), to_string(endpoint()))
    );
}

bool Connector::may_probe() const {
    return probe_ && !endpoints_.on_preferred() && failback_.count() > 0;
}

bool Connector::preferred_is_back(const BrokerOptions& options, SteadyTime now) {
    if (!may_probe()) {
        return false;
    }
    if (!probe_->pending() && now >= next_probe_) {
        next_probe_ = now + failback_;
        BrokerOptions there = options;
        point_at(there, endpoints_.preferred());
        there.protocol = Protocol::v5;
        probe_->begin(std::move(there));
    }
    return probe_->step() == FailbackProbe::Outcome::works;
}

void Connector::leave_for_preferred(SteadyTime now) {
    endpoints_.return_to_preferred();
    protocol_.forget();
    next_attempt_ = now;
}

std::optional<SteadyTime> Connector::probe_due(SteadyTime now) const {
    if (!may_probe()) {
        return std::nullopt;
    }
    return probe_->pending() ? now + kProbeTurn : next_probe_;
}

}  // namespace cxedge::uplink
