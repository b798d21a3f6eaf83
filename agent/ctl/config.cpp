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
#include "agent/ctl/twin/reported_text.hpp"

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

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string> settings_of(const config::Loaded& loaded) {
    std::vector<std::string> lines = lines_of(config::show(loaded.merged, false));
    std::sort(lines.begin(), lines.end());
    return lines;
}

// Lines of `from` that `without` has not.
std::vector<std::string> only_in(
    const std::vector<std::string>& from, const std::vector<std::string>& without
) {
    std::vector<std::string> lines;
    std::set_difference(
        from.begin(), from.end(), without.begin(), without.end(), std::back_inserter(lines)
    );
    return lines;
}

std::string with_sign(const std::vector<std::string>& lines, char sign) {
    std::string out;
    for (const std::string& line : lines) {
        out += std::string(1, sign) + " " + line + "\n";
    }
    return out;
}

// The problems as they are, one a line: editors and people jump to "file:line:column".
ExitCode report(const Error& error, bool json) {
    const nlohmann::ordered_json object{{"ok", false}, {"problems", lines_of(error.message)}};
    write_out(json ? json_line_of(object) : error.message + "\n");
    return ExitCode::failed;
}

// "key = value   # origin"
std::string setting_as_json(const std::string& line) {
    constexpr std::string_view kIs = " = ";
    constexpr std::string_view kFrom = "   # ";
    const std::size_t is = line.find(kIs);
    const std::size_t from = line.rfind(kFrom);
    const std::size_t value = is + kIs.size();
    return json_line_of(
        {{"key", line.substr(0, is)},
         {"value", line.substr(value, from - value)},
         {"origin", line.substr(from + kFrom.size())}}
    );
}

std::string settings_as_json(const config::Loaded& loaded) {
    std::string out;
    for (const std::string& line : lines_of(config::show(loaded.merged, true))) {
        out += setting_as_json(line);
    }
    return out;
}

}  // namespace

ExitCode run_config_show(const ConfigOptions& options) {
    const auto loaded = load(options);
    if (!loaded) {
        return report(loaded.error(), options.json);
    }
    const std::string text =
        options.json ? settings_as_json(*loaded) : config::show(loaded->merged, options.origin);
    return write_out(text) ? ExitCode::ok : ExitCode::failed;
}

ExitCode run_config_diff(const ConfigOptions& options) {
    ConfigOptions site = options;
    site.remote_file.clear();
    const auto before = load(site);
    const auto after = load(options);
    if (!before || !after) {
        return report(before ? after.error() : before.error(), options.json);
    }
    const auto old_settings = settings_of(*before);
    const auto new_settings = settings_of(*after);
    const auto removed = only_in(old_settings, new_settings);
    const auto added = only_in(new_settings, old_settings);
    const std::string changes = with_sign(removed, '-') + with_sign(added, '+');
    const bool written =
        write_out(options.json ? json_line_of({{"removed", removed}, {"added", added}}) : changes);
    return written && !changes.empty() ? ExitCode::ok : ExitCode::failed;
}

ExitCode run_config_check(const ConfigOptions& options) {
    const auto loaded = load(options);
    if (!loaded) {
        return report(loaded.error(), options.json);
    }
    const std::string text =
        options.json ? json_line_of({{"ok", true}, {"problems", nlohmann::ordered_json::array()}})
                     : options.file + ": ok\n";
    return write_out(text) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
