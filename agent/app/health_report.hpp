// SPDX-License-Identifier: Apache-2.0
// Gathers the parts' own counts into one Health. Thread: ingest.
#pragma once

#include <string>
#include <vector>

#include "agent/app/data_path.hpp"
#include "agent/app/sink.hpp"
#include "agent/ingest/supervisor.hpp"
#include "agent/store/history.hpp"
#include "agent/telemetry/health.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

struct NamedSink {
    std::string name;  // of a further one
    const Sink* sink = nullptr;
};

class HealthReport {
public:
    // The main sink first. What waits in its spool now was produced before this start: it counts as
    // produced, so that delivered == produced once everything is acknowledged. Sinks, clock and
    // history (null: none is kept) outlive it.
    HealthReport(
        wire::NodeIdentity identity,
        std::vector<NamedSink> sinks,
        const Clock& clock,
        const store::History* history = nullptr
    );

    [[nodiscard]] telemetry::Health make(const DataPath& path, const ingest::Supervisor& supervisor)
        const;

private:
    [[nodiscard]] const Sink& main() const { return *sinks_.front().sink; }
    void add_memory(telemetry::Health& health, const DataPath& path) const;
    void add_spool(telemetry::Health& health) const;
    void add_history(telemetry::Health& health) const;
    void add_losses(telemetry::Health& health) const;
    void add_uplink(telemetry::Health& health) const;
    [[nodiscard]] telemetry::LaneHealth lane_of(const store::Spool& spool, Lane lane) const;
    [[nodiscard]] telemetry::SinkHealth sink_of(const NamedSink& named) const;

    wire::NodeIdentity identity_;
    std::vector<NamedSink> sinks_;
    const Clock* clock_;
    const store::History* history_;
    SteadyTime started_;
    std::uint64_t samples_found_ = 0;
    std::uint64_t events_found_ = 0;
};

}  // namespace cxedge::app
