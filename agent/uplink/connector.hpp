// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/uplink/endpoint_list.hpp"
#include "agent/uplink/failback_probe.hpp"
#include "agent/uplink/protocol_choice.hpp"
#include "agent/uplink/reconnect_pace.hpp"

namespace cxedge::uplink {

// Says where to connect to, with which protocol and when; and, on a lesser broker, whether the
// preferred one works again. Thread: one; time is passed in.
class Connector {
public:
    struct Options {
        std::vector<Endpoint> endpoints;  // in order of preference, at least one
        ReconnectPace::Options pace;
        std::chrono::milliseconds failback{600000};  // 0: stay where it works
    };
    // `scout`: connects for probing; null: no failback. Outlives the connector.
    Connector(Options options, Broker* scout, SteadyTime now);

    [[nodiscard]] const Endpoint& endpoint() const { return endpoints_.current(); }
    // Of the present or the next attempt.
    [[nodiscard]] Protocol protocol(SteadyTime now) const { return protocol_.current(now); }

    // When to try next. Requires: not connected.
    [[nodiscard]] SteadyTime next_attempt() const { return next_attempt_; }
    // Endpoint and protocol of an attempt that begins now.
    void attempt(BrokerOptions& options, SteadyTime now);
    void connected(SteadyTime now);
    void lost(const Loss& loss, SteadyTime now);
    // The connection was given up because the broker did not acknowledge.
    void stalled(SteadyTime now);

    // While connected: probes the preferred broker when that is due. True once it works: leave the
    // present one, and the next attempt goes there. `options` as of the present connection.
    bool preferred_is_back(const BrokerOptions& options, SteadyTime now);
    void leave_for_preferred(SteadyTime now);
    // When preferred_is_back() is to be asked; empty: need not be.
    [[nodiscard]] std::optional<SteadyTime> probe_due(SteadyTime now) const;

private:
    void wait(std::chrono::milliseconds pause, SteadyTime now);
    [[nodiscard]] bool may_probe() const;

    EndpointList endpoints_;
    ProtocolChoice protocol_;
    ReconnectPace pace_;
    const std::chrono::milliseconds failback_;
    std::optional<FailbackProbe> probe_;
    SteadyTime next_attempt_;
    SteadyTime next_probe_{};
};

}  // namespace cxedge::uplink
