// SPDX-License-Identifier: Apache-2.0
// All sources of the node: makes them from the configuration, starts and stops them. Thread:
// ingest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/ingest/source_instance.hpp"
#include "agent/plugin_api/source.hpp"
#include "agent/plugin_api/worker_pool.hpp"

namespace cxedge::ingest {

class Supervisor {
public:
    // `plugins`: the generated table. `plugin_dir`: where own-process plugins' executables are.
    Supervisor(
        const std::vector<PluginInfo>& plugins, std::string plugin_dir, const IngestContext& context
    );

    // Requires: the plugin exists (the configuration was checked). Begins at once.
    void add(SourceSpec spec);
    // Stops it and starts it again. not_found: there is no such source.
    Status restart(std::string_view name);
    // Asks all to stop; done when all_stopped().
    void stop_all();
    [[nodiscard]] bool all_stopped() const;

    struct Named {
        std::string name;
        std::string plugin;
        InstanceHealth health;
    };
    [[nodiscard]] std::vector<Named> health() const;

private:
    struct Running {
        std::string name;
        std::string plugin;
        SourceSpec spec;
        std::unique_ptr<SourceInstance> instance;
        bool restarting = false;
    };
    [[nodiscard]] std::unique_ptr<SourceInstance> make(const SourceSpec& spec);
    void start_stopped();

    const std::vector<PluginInfo>& plugins_;
    std::string plugin_dir_;
    PluginCgroups cgroups_;
    IngestContext context_;
    WorkerPool workers_{2};
    std::vector<Running> sources_;
    LoopHandle restart_poll_;
};

// Null when there is no such plugin.
const PluginInfo* find_plugin(const std::vector<PluginInfo>& plugins, std::string_view name);

// Runs init() of one source without touching anything outside (`cxedged check`); the lines say what
// is wrong and where. unavailable / not_found: an own-process plugin could not be asked.
Result<std::vector<std::string>> check_source(
    const PluginInfo& plugin, const std::string& plugin_dir, SourceSpec spec
);

}  // namespace cxedge::ingest
