// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "agent/ingest/agent_source.hpp"
#include "agent/ingest/plugin_process.hpp"

namespace cxedge::ingest {
namespace {

// A camera process needs some of these to end.
constexpr std::chrono::milliseconds kRestartPoll{50};

}  // namespace

const PluginInfo* find_plugin(const std::vector<PluginInfo>& plugins, std::string_view name) {
    const auto it = std::find_if(plugins.begin(), plugins.end(), [&](const PluginInfo& plugin) {
        return plugin.name == name;
    });
    return it == plugins.end() ? nullptr : &*it;
}

Supervisor::Supervisor(
    const std::vector<PluginInfo>& plugins, std::string plugin_dir, const IngestContext& context
)
    : plugins_(plugins), plugin_dir_(std::move(plugin_dir)), context_(context) {
    context_.cgroups = &cgroups_;
}

void Supervisor::add(SourceSpec spec) {
    const PluginInfo* plugin = find_plugin(plugins_, spec.plugin);
    if (plugin == nullptr) {
        return;
    }
    if (plugin->make == nullptr) {
        spec.executable = plugin_dir_ + "/" + plugin->executable;
    }
    Running running{spec.name, spec.plugin, spec, make(spec)};
    sources_.push_back(std::move(running));
    sources_.back().instance->start();
}

std::unique_ptr<SourceInstance> Supervisor::make(const SourceSpec& spec) {
    const PluginInfo* plugin = find_plugin(plugins_, spec.plugin);
    if (plugin->make != nullptr) {
        return std::make_unique<AgentSource>(spec, context_, workers_, plugin->make());
    }
    return std::make_unique<PluginProcess>(spec, context_);
}

Status Supervisor::restart(std::string_view name) {
    const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Running& source) {
        return source.name == name;
    });
    if (found == sources_.end()) {
        return not_found("there is no source " + std::string(name));
    }
    found->restarting = true;
    found->instance->stop();
    restart_poll_ = context_.loop.every(kRestartPoll, [this] { start_stopped(); });
    return {};
}

void Supervisor::start_stopped() {
    bool waiting = false;
    for (Running& source : sources_) {
        if (source.restarting && source.instance->stopped()) {
            source.restarting = false;
            source.instance.reset();  // its sockets and directories are free before the next one
            source.instance = make(source.spec);
            source.instance->start();
        }
        waiting = waiting || source.restarting;
    }
    if (!waiting) {
        restart_poll_.cancel();
    }
}

void Supervisor::stop_all() {
    restart_poll_.cancel();
    for (Running& source : sources_) {
        source.instance->stop();
    }
}

bool Supervisor::all_stopped() const {
    return std::all_of(sources_.begin(), sources_.end(), [](const Running& source) {
        return source.instance->stopped();
    });
}

std::vector<Supervisor::Named> Supervisor::health() const {
    std::vector<Named> out;
    out.reserve(sources_.size());
    for (const Running& source : sources_) {
        out.push_back({source.name, source.plugin, source.instance->health()});
    }
    return out;
}

Result<std::vector<std::string>> check_source(
    const PluginInfo& plugin, const std::string& plugin_dir, SourceSpec spec
) {
    if (plugin.make == nullptr) {
        spec.executable = plugin_dir + "/" + plugin.executable;
        return check_settings(spec);
    }
    SettingsProblems problems;
    plugin.make()->init(spec.settings, problems);
    return problems.lines();
}

}  // namespace cxedge::ingest
