// SPDX-License-Identifier: Apache-2.0
// All sources of the node: makes them from the configuration, starts and stops them. Thread:
// ingest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/ingest/source_instance.hpp"
#include "agent/plugin_api/source.hpp"
#include "agent/plugin_api/worker_pool.hpp"

namespace cxedge::ingest {

// From the sources that run to others.
struct SourceChange {
    std::vector<std::string> ended;  // names: gone, or other in `begun`
    std::vector<SourceSpec> begun;
    std::vector<std::string> order;  // names of all that run then, as health() tells them
    [[nodiscard]] bool empty() const { return ended.empty() && begun.empty(); }
};

class Supervisor {
public:
    // `plugins`: the generated table. `plugin_dir`: where own-process plugins' executables are.
    Supervisor(
        const std::vector<PluginInfo>& plugins, std::string plugin_dir, const IngestContext& context
    );

    // Requires: the plugin exists (the configuration was checked). Begins at once.
    void add(SourceSpec spec);
    // Stops it and starts it again. not_found: there is no such source; unavailable: it is about to
    // go.
    Status restart(std::string_view name);
    // Ends these and, once all of them have ended (a port or a file may go from one to another),
    // begins those and calls back, where it can at once. The others notice nothing. One at a time.
    void change(SourceChange change, std::function<void()> done);
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
        bool leaving = false;
    };
    [[nodiscard]] std::unique_ptr<SourceInstance> make(const SourceSpec& spec);
    void look_again();
    void look_after();
    void start_again(Running& source);
    void finish_change();

    const std::vector<PluginInfo>& plugins_;
    std::string plugin_dir_;
    PluginCgroups cgroups_;
    IngestContext context_;
    WorkerPool workers_{2};
    std::vector<Running> sources_;
    SourceChange change_;
    std::function<void()> changed_;  // empty: no change is under way
    LoopHandle look_;
};

// Null when there is no such plugin.
const PluginInfo* find_plugin(const std::vector<PluginInfo>& plugins, std::string_view name);

// Runs init() of one source without touching anything outside (`cxedged check`); the lines say what
// is wrong and where. unavailable / not_found: an own-process plugin could not be asked.
Result<std::vector<std::string>> check_source(
    const PluginInfo& plugin, const std::string& plugin_dir, SourceSpec spec
);

}  // namespace cxedge::ingest
