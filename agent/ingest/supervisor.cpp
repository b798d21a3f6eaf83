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

bool names_it(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

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
    if (found->leaving) {
        return unavailable("source " + std::string(name) + " is about to be changed or removed");
    }
    found->restarting = true;
    found->instance->stop();
    look_again();
    return {};
}

void Supervisor::change(SourceChange change, std::function<void()> done) {
    for (Running& source : sources_) {
        if (names_it(change.ended, source.name)) {
            source.leaving = true;
            source.restarting = false;
            source.instance->stop();
        }
    }
    change_ = std::move(change);
    changed_ = std::move(done);
    look_after();
}

void Supervisor::look_after() {
    for (Running& source : sources_) {
        if (source.restarting && source.instance->stopped()) {
            start_again(source);
        }
    }
    const bool leaving = std::any_of(sources_.begin(), sources_.end(), [](const Running& source) {
        return source.leaving && !source.instance->stopped();
    });
    if (changed_ && !leaving) {
        finish_change();
    }
    const bool waiting = std::any_of(sources_.begin(), sources_.end(), [](const Running& source) {
        return source.leaving || source.restarting;
    });
    if (waiting) {
        look_again();
    }
}

void Supervisor::look_again() {
    look_ = context_.loop.after(kRestartPoll, [this] { look_after(); });
}

void Supervisor::start_again(Running& source) {
    source.restarting = false;
    source.instance.reset();  // its sockets and directories are free before the next one
    source.instance = make(source.spec);
    source.instance->start();
}

void Supervisor::finish_change() {
    for (const Running& source : sources_) {
        if (source.leaving) {
            source.instance->withdraw();
        }
    }
    std::erase_if(sources_, [](const Running& source) { return source.leaving; });
    for (SourceSpec& spec : change_.begun) {
        add(std::move(spec));
    }
    const auto place = [&order = change_.order](const Running& source) {
        return std::find(order.begin(), order.end(), source.name);
    };
    std::stable_sort(sources_.begin(), sources_.end(), [&](const Running& a, const Running& b) {
        return place(a) < place(b);
    });
    change_ = {};
    std::exchange(changed_, {})();
}

void Supervisor::stop_all() {
    look_.cancel();
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
