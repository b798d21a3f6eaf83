// SPDX-License-Identifier: Apache-2.0
// cxedged: the daemon. Exit status: 0 stopped, 1 could not run, 64 wrong command line, 78 wrong
// configuration (sysexits.h).
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "agent/app/agent.hpp"
#include "agent/app/plugin_table.hpp"
#include "agent/base/version.hpp"

namespace cxedge::app {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;
constexpr int kExitConfig = 78;

int wrong_configuration(const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    return kExitConfig;
}

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

Result<config::Loaded> load(const Places& places) {
    Result<config::Loaded> loaded = config::load({places.config_file, places.profiles_dir});
    if (!loaded) {
        return loaded;
    }
    const Status plugins = check_plugins(loaded->config);
    return plugins ? std::move(loaded) : Result<config::Loaded>(plugins.error());
}

int run(const Places& places) {
    const Result<config::Loaded> loaded = load(places);
    if (!loaded) {
        return wrong_configuration(loaded.error());
    }
    log::Level level = log::Level::info;
    log::parse_level(loaded->config.agent.log_level, level);
    log::set_level(level);
    const Result<std::unique_ptr<Agent>> agent = Agent::start(*loaded, places);
    if (!agent) {
        log::error("agent", agent.error().message);
        return kExitFailed;
    }
    (*agent)->run();
    return 0;
}

// Runs every source's init() and touches nothing else.
int check(const Places& places) {
    const Result<config::Loaded> loaded = load(places);
    if (!loaded) {
        return wrong_configuration(loaded.error());
    }
    int wrong = 0;
    for (const config::SourceConfig& source : loaded->config.sources) {
        const PluginInfo* plugin = ingest::find_plugin(plugin_table(), source.plugin);
        const auto problems = ingest::check_source(*plugin, places.plugin_dir, source_spec(source));
        if (!problems) {
            fmt::print(stderr, "{}: {}\n", source.plugin, problems.error().message);
            ++wrong;
            continue;
        }
        for (const std::string& problem : *problems) {
            fmt::print(stderr, "{}\n", problem);
            ++wrong;
        }
    }
    if (wrong == 0) {
        fmt::print(
            "{}: {} sources, configuration is good\n",
            places.config_file,
            loaded->config.sources.size()
        );
    }
    return wrong == 0 ? 0 : kExitConfig;
}

int plugins(const std::string& name) {
    for (const PluginInfo& plugin : plugin_table()) {
        if (name.empty()) {
            fmt::print("{:<14} {}\n", plugin.name, plugin.summary);
        } else if (plugin.name == name) {
            fmt::print("# {}: {}\n{}", plugin.name, plugin.summary, plugin.sample_toml);
            return 0;
        }
    }
    if (!name.empty()) {
        fmt::print(stderr, "there is no plugin \"{}\"; `cxedged plugins` lists them\n", name);
        return kExitFailed;
    }
    return 0;
}

void add_places(CLI::App& command, Places& places) {
    command.add_option("--config", places.config_file, "Site configuration (TOML)")
        ->capture_default_str();
    command.add_option(
        "--profiles", places.profiles_dir, "Directory of profiles and catalogue.toml"
    );
    command.add_option("--plugin-dir", places.plugin_dir, "Directory of plugin executables");
}

int main_with(int argc, char** argv) {
    CLI::App app(
        "cxedged: collects store and network measurements and sends them, through any outage"
    );
    app.set_version_flag("--version", "cxedged " + std::string(version()));
    Places places;
    std::string plugin_name;
    add_places(app, places);
    app.add_option("--state-dir", places.state_dir, "Directory of the spool")
        ->capture_default_str();
    app.add_option("--runtime-dir", places.runtime_dir, "Directory of the control socket");
    CLI::App* check_command =
        app.add_subcommand("check", "Check the configuration and every source's settings");
    add_places(*check_command, places);
    CLI::App* plugins_command =
        app.add_subcommand("plugins", "List plugins, or print one's sample configuration");
    plugins_command->add_option("name", plugin_name, "Plugin");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int status = app.exit(error);
        return status == 0 ? 0 : kExitUsage;
    }
    places = resolve(places);
    if (check_command->parsed()) {
        return check(places);
    }
    return plugins_command->parsed() ? plugins(plugin_name) : run(places);
}

}  // namespace
}  // namespace cxedge::app

int main(int argc, char** argv) {
    try {
        return cxedge::app::main_with(argc, argv);
    } catch (const std::exception& error) {  // out of memory and the like: systemd starts it again
        std::fputs(error.what(), stderr);
        return 1;
    }
}
