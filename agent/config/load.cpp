// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "agent/config/agent_schema.hpp"
#include "agent/config/catalogue_file.hpp"
#include "agent/config/cross_checks.hpp"
#include "agent/config/source_name.hpp"
#include "agent/config/text_checks.hpp"
#include "agent/config/uplink_schema.hpp"

namespace cxedge::config {
namespace {

constexpr std::string_view kCatalogueFile = "catalogue";

std::string no_such_profile(const std::string& name, const std::string& dir) {
    const std::vector<std::string> names = profile_names(dir);
    const std::string nearest = nearest_name(name, names);
    if (!nearest.empty()) {
        return fmt::format(R"(there is no profile "{}"; did you mean "{}"?)", name, nearest);
    }
    std::string all;
    for (const std::string& known : names) {
        all += (all.empty() ? "" : ", ") + known;
    }
    return fmt::format(
        "there is no profile \"{}\" in {}, which has: {}", name, dir, all.empty() ? "none" : all
    );
}

// The profile that the site file names; an empty tree if none. A wrong type is the schema's.
SettingsNode read_profile(
    const SettingsNode& site, const std::string& dir, SettingsProblems& problems
) {
    const SettingsNode* node = site.find("profile");
    const auto* name = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
    if (name == nullptr || name->empty() || !check_name(*name).empty()) {
        return {};
    }
    Result<SettingsNode> read = *name == kCatalogueFile
                                    ? Result<SettingsNode>(not_found(*name))
                                    : read_toml(dir + "/" + *name + ".toml", "profile", problems);
    if (!read) {
        const bool missing = read.error().code == ErrorCode::not_found;
        const std::string why = missing ? no_such_profile(*name, dir) : read.error().message;
        problems.add(node->position, "profile", why);
        return {};
    }
    if (const SettingsNode* nested = read->find("profile")) {
        problems.add(nested->key_position, "profile", "a profile cannot name another profile");
    }
    return std::move(read).value();
}

// The members of `merged` under `key`, when it is the list of tables that it has to be.
const SettingsNode::List* blocks(
    const SettingsNode& merged, const std::string& key, SettingsProblems& problems
) {
    const SettingsNode* node = merged.find(key);
    if (node == nullptr) {
        return nullptr;
    }
    if (node->list() == nullptr) {
        const std::string what =
            fmt::format("is {}, but a list is needed: write [[{}]]", node->type_name(), key);
        problems.add(node->position, key, what);
    }
    return node->list();
}

void read_rules(const SettingsNode& merged, AgentConfig& config, SettingsProblems& problems) {
    const SettingsNode::List* list = blocks(merged, "rule", problems);
    if (list == nullptr) {
        return;
    }
    const Schema<RuleConfig> schema = rule_schema();
    for (const SettingsNode& node : *list) {
        const std::string path = fmt::format("rule[{}]", config.rules.size());
        config.rules.push_back(schema.read(node, problems, path));
        check_rule(config.rules.back(), node, path, problems);
    }
}

void read_occupancies(const SettingsNode& merged, AgentConfig& config, SettingsProblems& problems) {
    const SettingsNode::List* list = blocks(merged, "occupancy", problems);
    if (list == nullptr) {
        return;
    }
    const Schema<OccupancyConfig> schema = occupancy_schema();
    for (const SettingsNode& node : *list) {
        const std::string path = fmt::format("occupancy[{}]", config.occupancies.size());
        config.occupancies.push_back(schema.read(node, problems, path));
        check_occupancy(config.occupancies, node, path, problems);
    }
}

void read_sinks(const SettingsNode& merged, AgentConfig& config, SettingsProblems& problems) {
    const SettingsNode::List* list = blocks(merged, "sink", problems);
    if (list == nullptr) {
        return;
    }
    const Schema<SinkConfig> schema = sink_schema();
    for (const SettingsNode& node : *list) {
        const std::string path = fmt::format("sink[{}]", config.sinks.size());
        config.sinks.push_back(schema.read(node, problems, path));
        check_sink(config.sinks, node, path, problems);
    }
}

// The part of a source that is the agent's; the rest is for the plugin to judge.
SettingsNode common_part(const SettingsNode& source) {
    SettingsNode out;
    out.position = source.position;
    const auto& keys = common_source_keys();
    for (const auto& [key, node] : *source.table()) {
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
            out.table()->emplace_back(key, node);
        }
    }
    return out;
}

SourceConfig read_source(
    const SettingsNode& node,
    const Schema<SourceConfig>& schema,
    const std::string& path,
    SettingsProblems& problems
) {
    if (node.table() == nullptr) {
        return schema.read(node, problems, path);
    }
    SourceConfig source = schema.read(common_part(node), problems, path);
    if (source.name.empty()) {
        source.name = source.plugin;
    }
    source.settings = node;
    return source;
}

void read_sources(const SettingsNode& merged, AgentConfig& config, SettingsProblems& problems) {
    const SettingsNode::List* list = blocks(merged, "source", problems);
    if (list == nullptr) {
        return;
    }
    const Schema<SourceConfig> schema = source_schema();
    for (const SettingsNode& node : *list) {
        const std::string name = source_name(node);
        const std::string path =
            name.empty() ? fmt::format("source[{}]", config.sources.size()) : "source." + name;
        config.sources.push_back(read_source(node, schema, path, problems));
    }
    check_source_names(*merged.find("source"), problems);
}

void add_catalogue(const std::string& path, Catalogue& catalogue, SettingsProblems& problems) {
    const Result<SettingsNode> document = read_toml(path, "catalogue", problems);
    if (!document) {
        problems.add({nullptr, 0, 0, "catalogue"}, "", document.error().message);
        return;
    }
    read_catalogue(*document, catalogue, problems);
}

// agent.catalogue, relative to the file that names it.
std::string further_catalogue(const AgentConfig& config, const SettingsNode& merged) {
    const SettingsNode* section = merged.find("agent");
    const SettingsNode* node = section == nullptr ? nullptr : section->find("catalogue");
    if (config.agent.catalogue.empty() || node == nullptr || node->position.file == nullptr) {
        return config.agent.catalogue;
    }
    const std::filesystem::path named_in(*node->position.file);
    return (named_in.parent_path() / config.agent.catalogue).string();
}

void read_catalogues(const LoadOptions& options, Loaded& loaded, SettingsProblems& problems) {
    Catalogue& catalogue = loaded.config.catalogue;
    add_catalogue(
        fmt::format("{}/{}.toml", options.profiles_dir, kCatalogueFile), catalogue, problems
    );
    const std::string further = further_catalogue(loaded.config, loaded.merged);
    if (!further.empty()) {
        add_catalogue(further, catalogue, problems);
    }
}

}  // namespace

std::vector<std::string> profile_names(const std::string& dir) {
    std::vector<std::string> names;
    std::error_code failure;
    std::filesystem::directory_iterator it(dir, failure);
    for (; !failure && it != std::filesystem::directory_iterator(); it.increment(failure)) {
        const std::filesystem::path& path = it->path();
        if (path.extension() == ".toml" && path.stem() != kCatalogueFile) {
            names.push_back(path.stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string check_profile(const std::string& name, const std::string& dir) {
    if (name.empty()) {
        return "is empty";
    }
    const std::vector<std::string> names = profile_names(dir);
    const bool known = std::binary_search(names.begin(), names.end(), name);
    return known ? "" : no_such_profile(name, dir);
}

Result<Loaded> load(const LoadOptions& options) {
    SettingsProblems problems;
    Result<SettingsNode> site = read_toml(options.site_file, "site", problems);
    if (!site) {
        return site.error().during("reading the configuration");
    }
    SettingsNode profile = read_profile(*site, options.profiles_dir, problems);
    const Schema<AgentConfig> schema = agent_schema();

    Loaded loaded;
    loaded.merged = merge(schema.write(AgentConfig{}), std::move(profile));
    loaded.merged = merge(std::move(loaded.merged), std::move(site).value());
    if (!options.remote.empty()) {
        loaded.merged = merge(std::move(loaded.merged), read_remote(options.remote, problems));
    }
    loaded.config = schema.read(loaded.merged, problems);
    read_sinks(loaded.merged, loaded.config, problems);
    read_rules(loaded.merged, loaded.config, problems);
    read_occupancies(loaded.merged, loaded.config, problems);
    read_sources(loaded.merged, loaded.config, problems);
    check_agent(loaded.config, loaded.merged, problems);
    read_catalogues(options, loaded, problems);
    if (!problems.empty()) {
        return problems.error();
    }
    return loaded;
}

}  // namespace cxedge::config
