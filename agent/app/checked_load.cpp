// SPDX-License-Identifier: Apache-2.0
#include "agent/app/checked_load.hpp"

#include <fmt/core.h>

#include "agent/app/plugin_table.hpp"
#include "agent/ingest/supervisor.hpp"

namespace cxedge::app {
namespace {

void check_limits(
    const PluginInfo& plugin, const config::SourceConfig& source, SettingsProblems& problems
) {
    if (plugin.make != nullptr && source_spec(source).limits.any()) {
        problems.add(
            source.settings.position,
            "source.limit_*",
            fmt::format(
                "plugin \"{}\" has no process of its own to limit; for the agent there are "
                "MemoryMax= and TasksMax= in cxedged.service",
                plugin.name
            )
        );
    }
}

// Sources whose plugin does not exist or cannot be limited; the others' settings are the plugins'
// own business.
Status check_plugins(const config::AgentConfig& config) {
    SettingsProblems problems;
    std::vector<std::string> known;
    for (const PluginInfo& plugin : plugin_table()) {
        known.push_back(plugin.name);
    }
    for (const config::SourceConfig& source : config.sources) {
        const PluginInfo* plugin = ingest::find_plugin(plugin_table(), source.plugin);
        if (plugin != nullptr) {
            check_limits(*plugin, source, problems);
            continue;
        }
        const std::string nearest = nearest_name(source.plugin, known);
        problems.add(
            source.settings.position,
            "source.plugin",
            fmt::format(
                "there is no plugin \"{}\"{}",
                source.plugin,
                nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"
            )
        );
    }
    return problems.empty() ? Status() : Status(problems.error());
}

}  // namespace

Result<config::Loaded> load_checked(const Places& places, const std::string& remote) {
    Result<config::Loaded> loaded = config::load({places.config_file, places.profiles_dir, remote});
    if (!loaded) {
        return loaded;
    }
    const Status plugins = check_plugins(loaded->config);
    return plugins ? std::move(loaded) : Result<config::Loaded>(plugins.error());
}

std::vector<std::string> check_sources(const config::Loaded& loaded, const Places& places) {
    std::vector<std::string> wrong;
    for (const config::SourceConfig& source : loaded.config.sources) {
        const PluginInfo* plugin = ingest::find_plugin(plugin_table(), source.plugin);
        const auto problems = ingest::check_source(*plugin, places.plugin_dir, source_spec(source));
        if (problems) {
            wrong.insert(wrong.end(), problems->begin(), problems->end());
        } else {
            wrong.push_back(fmt::format("{}: {}", source.plugin, problems.error().message));
        }
    }
    return wrong;
}

}  // namespace cxedge::app
