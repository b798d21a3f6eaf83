// SPDX-License-Identifier: Apache-2.0
// Gathers the parts' own counts into one Health. Thread: ingest.
#pragma once

#include <string>

#include "agent/app/data_path.hpp"
#include "agent/app/sink.hpp"
#include "agent/ingest/supervisor.hpp"
#include "agent/telemetry/health.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

class HealthReport {
public:
    // What waits in the spool now was produced before this start: it counts as produced, so that
    // delivered == produced once everything is acknowledged. The sink and the clock outlive it.
    HealthReport(wire::NodeIdentity identity, const Sink& sink, const Clock& clock);

    [[nodiscard]] telemetry::Health make(const DataPath& path, const ingest::Supervisor& supervisor)
        const;

private:
    void add_spool(telemetry::Health& health) const;
    void add_uplink(telemetry::Health& health) const;

    wire::NodeIdentity identity_;
    const Sink* sink_;
    const Clock* clock_;
    SteadyTime started_;
    std::uint64_t samples_found_ = 0;
    std::uint64_t events_found_ = 0;
};

}  // namespace cxedge::app
