// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/config.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "agent/config/load.hpp"
#include "agent/ctl/files.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxRemoteBytes = std::size_t{256} * 1024;

Result<config::Loaded> load(const ConfigOptions& options) {
    config::LoadOptions load_options;
    load_options.site_file = options.file;
    load_options.profiles_dir = options.profiles_dir;
    if (!options.remote_file.empty()) {
        auto remote = read_file(options.remote_file, kMaxRemoteBytes);
        if (!remote) {
            return remote.error();
        }
        load_options.remote = std::move(*remote);
    }
    return config::load(load_options);
}

std::vector<std::string> settings_of(const config::Loaded& loaded) {
    std::vector<std::string> lines;
    std::istringstream text(config::show(loaded.merged, false));
    for (std::string line; std::getline(text, line);) {
        lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

// Lines of `from` that `without` has not.
std::string only_in(
    const std::vector<std::string>& from, const std::vector<std::string>& without, char sign
) {
    std::vector<std::string> lines;
    std::set_difference(
        from.begin(), from.end(), without.begin(), without.end(), std::back_inserter(lines)
    );
    std::string out;
    for (const std::string& line : lines) {
        out += std::string(1, sign) + " " + line + "\n";
    }
    return out;
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

ExitCode run_config_diff(const ConfigOptions& options) {
    ConfigOptions site = options;
    site.remote_file.clear();
    const auto before = load(site);
    const auto after = load(options);
    if (!before || !after) {
        return report(before ? after.error() : before.error());
    }
    const auto old_settings = settings_of(*before);
    const auto new_settings = settings_of(*after);
    const std::string changes =
        only_in(old_settings, new_settings, '-') + only_in(new_settings, old_settings, '+');
    return write_out(changes) && !changes.empty() ? ExitCode::ok : ExitCode::failed;
}

ExitCode run_config_check(const ConfigOptions& options) {
    const auto loaded = load(options);
    if (!loaded) {
        return report(loaded.error());
    }
    return write_out(options.file + ": ok\n") ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
