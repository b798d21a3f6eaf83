// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/plugins.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/settings.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

std::string line_of(const PluginEntry& plugin, bool json) {
    if (!json) {
        return fmt::format("{:<14} {}\n", plugin.name, plugin.summary);
    }
    const nlohmann::json object{{"name", plugin.name}, {"summary", plugin.summary}};
    return object.dump() + "\n";
}

std::string sample_of(const PluginEntry& plugin, bool json) {
    if (!json) {
        return fmt::format("# {}: {}\n{}", plugin.name, plugin.summary, plugin.sample_toml);
    }
    const nlohmann::json object{
        {"name", plugin.name}, {"summary", plugin.summary}, {"sample", plugin.sample_toml}};
    return object.dump() + "\n";
}

Error no_such_plugin(const std::string& name) {
    std::vector<std::string> names;
    for (const PluginEntry& plugin : plugin_list()) {
        names.push_back(plugin.name);
    }
    const std::string nearest = nearest_name(name, names);
    const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
    return not_found(
        fmt::format("there is no plugin \"{}\"{}; `cxctl plugins` lists them", name, hint)
    );
}

}  // namespace

Result<std::string> plugins_text(const PluginsOptions& options) {
    std::string text;
    for (const PluginEntry& plugin : plugin_list()) {
        if (options.name.empty()) {
            text += line_of(plugin, options.json);
        } else if (plugin.name == options.name) {
            return sample_of(plugin, options.json);
        }
    }
    return options.name.empty() ? Result<std::string>(std::move(text))
                                : no_such_plugin(options.name);
}

ExitCode run_plugins(const PluginsOptions& options) {
    const auto text = plugins_text(options);
    if (!text) {
        return fail(text.error());
    }
    return write_out(*text) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
