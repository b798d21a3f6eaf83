// SPDX-License-Identifier: Apache-2.0
// cxedged: the daemon. Exit status: 0 stopped, 1 could not run, 64 wrong command line, 78 wrong
// configuration (sysexits.h).
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "agent/app/agent.hpp"
#include "agent/app/checked_load.hpp"
#include "agent/app/twin_driver.hpp"
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

// The error is the site's own file when even without the remote layer nothing loads.
Result<config::Loaded> load_wanted(const Places& places, TwinDriver& twin) {
    for (;;) {
        Result<config::Loaded> loaded = load_checked(places, twin.wanted());
        if (loaded || !twin.does_not_load(loaded.error())) {
            return loaded;
        }
    }
}

void apply_log_level(const config::AgentConfig& config) {
    log::Level level = log::Level::info;
    log::parse_level(config.agent.log_level, level);
    log::set_level(level);
}

// The next process takes the journal and the ring over as after a kill: nothing is lost. The same
// process to systemd, which sees no restart.
[[noreturn]] void become_new(char** argv) {
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::execv("/proc/self/exe", argv);
    log::error("agent", "starting again: " + system_error("execv", errno).message);
    std::_Exit(kExitFailed);  // whoever supervises us starts us again
}

int run(const Places& places, char** argv) {
    const SystemClock clock;
    TwinDriver twin(places, clock);
    for (;;) {
        Result<config::Loaded> loaded = load_wanted(places, twin);
        if (!loaded) {
            return wrong_configuration(loaded.error());
        }
        apply_log_level(loaded->config);
        twin.delete_nothing_yet(loaded->config);
        Result<std::unique_ptr<Agent>> agent = Agent::start(std::move(*loaded), places, twin);
        if (!agent && twin.does_not_start(agent.error())) {
            continue;
        }
        if (!agent) {
            log::error("agent", agent.error().message);
            return kExitFailed;
        }
        const Ending ending = (*agent)->run();
        agent->reset();
        if (ending == Ending::stopped) {
            return 0;
        }
        become_new(argv);
    }
}

int check(const Places& places) {
    const Result<config::Loaded> loaded = load_checked(places, "");
    if (!loaded) {
        return wrong_configuration(loaded.error());
    }
    const std::vector<std::string> wrong = check_sources(*loaded, places);
    for (const std::string& problem : wrong) {
        fmt::print(stderr, "{}\n", problem);
    }
    if (wrong.empty()) {
        fmt::print(
            "{}: {} sources, configuration is good\n",
            places.config_file,
            loaded->config.sources.size()
        );
    }
    return wrong.empty() ? 0 : kExitConfig;
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
    add_places(app, places);
    app.add_option("--state-dir", places.state_dir, "Directory of the spool")
        ->capture_default_str();
    app.add_option("--runtime-dir", places.runtime_dir, "Directory of the control socket");
    CLI::App* check_command =
        app.add_subcommand("check", "Check the configuration and every source's settings");
    add_places(*check_command, places);
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
    // What plugin processes share is there, too. As systemd says it; nobody reads it yet.
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    ::setenv("STATE_DIRECTORY", places.state_dir.c_str(), 1);
    return run(places, argv);
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
