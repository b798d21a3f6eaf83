// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/config.hpp"

#include "agent/config/load.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

Result<config::Loaded> load(const ConfigOptions& options) {
    config::LoadOptions load_options;
    load_options.site_file = options.file;
    load_options.profiles_dir = options.profiles_dir;
    return config::load(load_options);
}

// The problems as they are, one a line: editors and people jump to "file:line:column".
ExitCode report(const Error& error) {
    write_out(error.message + "\n");
    return ExitCode::failed;
}

}  // namespace

ExitCode run_config_show(const ConfigOptions& options) {
    const auto loaded = load(options);
    if (!loaded) {
        return report(loaded.error());
    }
    return write_out(config::show(loaded->merged, options.origin)) ? ExitCode::ok
                                                                   : ExitCode::failed;
}

ExitCode run_config_check(const ConfigOptions& options) {
    const auto loaded = load(options);
    if (!loaded) {
        return report(loaded.error());
    }
    return write_out(options.file + ": ok\n") ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
