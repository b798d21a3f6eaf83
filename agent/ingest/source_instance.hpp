// SPDX-License-Identifier: Apache-2.0
// One configured source, wherever it runs. Thread: ingest.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/base/settings.hpp"
#include "agent/ingest/plugin_cgroups.hpp"
#include "agent/ingest/reading_sink.hpp"
#include "agent/model/box_name.hpp"

namespace cxedge::ingest {

struct SourceSpec {
    std::string name;
    std::string plugin;
    SettingsNode settings;
    Durability durability = Durability::process;
    std::string executable;  // path; out of process only
    ProcessLimits limits{};  // out of process only
};

// What every instance works with; all outlive it.
struct IngestContext {
    EventLoop& loop;
    const Clock& clock;
    ReadingSink& sink;
    PluginCgroups* cgroups = nullptr;  // null: processes run without limits
    BoxName box{};
};

struct InstanceHealth {
    std::string state;    // starting, running, waiting, failed, stopped
    std::string problem;  // empty = well
    std::uint64_t readings = 0;
    std::uint64_t restarts = 0;
    std::int32_t pid = 0;
};

class SourceInstance {
public:
    virtual ~SourceInstance() = default;
    virtual void start() = 0;
    // Asks it to stop; stopped() tells when it has (an own process needs a moment).
    virtual void stop() = 0;
    [[nodiscard]] virtual bool stopped() const = 0;
    // It will not come back as it is: the alarms that it raised are cleared.
    virtual void withdraw() = 0;
    [[nodiscard]] virtual InstanceHealth health() const = 0;
};

}  // namespace cxedge::ingest
