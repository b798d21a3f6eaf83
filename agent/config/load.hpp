// SPDX-License-Identifier: Apache-2.0
// TOML files -> one merged tree (built-in < profile < site < remote) -> AgentConfig. Every mistake
// is reported with file, line and column and a suggestion; nothing is half applied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/settings.hpp"
#include "agent/config/agent_config.hpp"

namespace cxedge::config {

// Parses TOML. Syntax errors are added to `problems` with their place; where one is confined to its
// line, that line is left out and the rest is still read, so that further mistakes show as well.
SettingsNode parse_toml(
    std::string_view text, std::string_view file, std::string_view layer, SettingsProblems& problems
);
// not_found / unavailable: cannot be read; larger than 256 KiB is invalid_argument.
Result<SettingsNode> read_toml(
    const std::string& path, std::string_view layer, SettingsProblems& problems
);
// Writes a tree as TOML (no comments).
std::string to_toml(const SettingsNode& node);

// `over` wins: tables merge by key, [[source]] by name (name defaults to plugin), [[rule]]s of
// `over` come first, everything else is replaced.
SettingsNode merge(SettingsNode base, SettingsNode over);

struct Loaded {
    AgentConfig config;
    SettingsNode merged;  // with the origin of every leaf; defaults of the built-in layer included
};

// `profile = "store-gateway"` in the site file names profiles_dir/store-gateway.toml; the catalogue
// is profiles_dir/catalogue.toml plus agent.catalogue.
struct LoadOptions {
    std::string site_file;
    std::string profiles_dir;  // /usr/share/cxedge, or firmware-config of the source tree
    // The layer above the site's: what operations sent (remote_layer.cpp). Empty: none.
    std::string remote{};
};
// All problems together in the error's message, one a line. not_found / unavailable: the site file
// cannot be read.
Result<Loaded> load(const LoadOptions& options);

// Parses what operations sent, as file "remote" of layer "remote". A setting that only the box
// itself decides is a problem with its place: who it is, whom it follows.
SettingsNode read_remote(std::string_view text, SettingsProblems& problems);

// Profiles in `dir`, sorted.
std::vector<std::string> profile_names(const std::string& dir);
// Empty if `dir` has a profile of this name; else what is wrong.
std::string check_profile(const std::string& name, const std::string& dir);

// Every key of the agent with its full name: "uplink.broker", "source.plugin", "rule.match".
std::vector<SettingHelp> settings_help();

// "uplink.broker = \"mqtts://...\"   # site.toml:4:10 (site)": one line a leaf.
std::string show(const SettingsNode& merged, bool with_origin);

struct BrokerUrl {
    bool tls = false;
    std::string host;
    std::uint16_t port = 1883;
};
// mqtt://host[:port], mqtts://host[:port], [IPv6] in brackets.
Result<BrokerUrl> parse_broker_url(std::string_view url);

}  // namespace cxedge::config
