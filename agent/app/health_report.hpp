// SPDX-License-Identifier: Apache-2.0
// Gathers the parts' own counts into one Health. Thread: ingest.
#pragma once

#include <functional>
#include <string>

#include "agent/app/data_path.hpp"
#include "agent/ingest/supervisor.hpp"
#include "agent/telemetry/health.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

class HealthReport {
public:
    struct Identity {
        wire::NodeIdentity node;
        std::string broker;  // as configured
        std::uint64_t spool_max_bytes = 0;
    };
    // What waits in the spool now was produced before this start: it counts as produced, so that
    // delivered == produced once everything is acknowledged. `uplink` is called for each report.
    HealthReport(
        Identity identity,
        const store::Spool& spool,
        const Clock& clock,
        std::function<uplink::UplinkStatus()> uplink
    );

    [[nodiscard]] telemetry::Health make(const DataPath& path, const ingest::Supervisor& supervisor)
        const;

private:
    void add_spool(telemetry::Health& health) const;
    void add_uplink(telemetry::Health& health) const;

    Identity identity_;
    const store::Spool* spool_;
    const Clock* clock_;
    std::function<uplink::UplinkStatus()> uplink_;
    SteadyTime started_;
    std::uint64_t samples_found_ = 0;
    std::uint64_t events_found_ = 0;
};

}  // namespace cxedge::app
