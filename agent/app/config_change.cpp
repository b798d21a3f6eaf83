// SPDX-License-Identifier: Apache-2.0
#include "agent/app/config_change.hpp"

#include <algorithm>

#include "agent/app/options.hpp"

namespace cxedge::app {
namespace {

using config::AgentConfig;
using config::SourceConfig;

template <class T>
bool same_plain(const SettingsNode& a, const SettingsNode& b) {
    const T* x = std::get_if<T>(&a.value);
    const T* y = std::get_if<T>(&b.value);
    return x != nullptr && y != nullptr && *x == *y;
}

bool same_value(const SettingsNode& a, const SettingsNode& b);

bool same_table(const SettingsNode::Table& a, const SettingsNode& b) {
    return a.size() == b.table()->size() &&
           std::all_of(a.begin(), a.end(), [&](const SettingsMember& member) {
               const SettingsNode* other = b.find(member.key);
               return other != nullptr && same_value(member.node, *other);
           });
}

bool same_value(const SettingsNode& a, const SettingsNode& b) {
    if (a.value.index() != b.value.index()) {
        return false;
    }
    if (const SettingsNode::Table* table = a.table()) {
        return same_table(*table, b);
    }
    if (const SettingsNode::List* list = a.list()) {
        return std::equal(
            list->begin(), list->end(), b.list()->begin(), b.list()->end(), same_value
        );
    }
    return same_plain<bool>(a, b) || same_plain<std::int64_t>(a, b) || same_plain<double>(a, b) ||
           same_plain<std::string>(a, b);
}

const SettingsNode& member_of(const SettingsNode& node, const std::string& key) {
    static const SettingsNode kNone;
    const SettingsNode* found = node.find(key);
    return found == nullptr ? kNone : *found;
}

void add_different(
    const SettingsNode& of, const SettingsNode& other, std::vector<std::string>& keys
) {
    for (const SettingsMember& member : *of.table()) {
        const bool known = std::find(keys.begin(), keys.end(), member.key) != keys.end();
        if (!known && !same_value(member_of(of, member.key), member_of(other, member.key))) {
            keys.push_back(member.key);
        }
    }
}

// Keys that either has and that differ.
std::vector<std::string> different_keys(const SettingsNode& a, const SettingsNode& b) {
    std::vector<std::string> keys;
    add_different(a, b, keys);
    add_different(b, a, keys);
    return keys;
}

// The connection's own; but batches are sealed with regard to their age.
void compare_uplinks(const SettingsNode& a, const SettingsNode& b, ConfigChange& change) {
    change.uplink = true;
    const std::vector<std::string> keys = different_keys(a, b);
    if (std::find(keys.begin(), keys.end(), "live_age_s") != keys.end()) {
        change.new_process_for = "uplink.live_age_s";
    }
}

const SourceConfig* running_source(const AgentConfig& config, const std::string& name) {
    const auto found =
        std::find_if(config.sources.begin(), config.sources.end(), [&](const SourceConfig& source) {
            return source.enabled && source.name == name;
        });
    return found == config.sources.end() ? nullptr : &*found;
}

bool runs_alike(const AgentConfig& config, const SourceConfig& source) {
    const SourceConfig* other = running_source(config, source.name);
    return other != nullptr && same_value(source.settings, other->settings);
}

ingest::SourceChange compare_sources(const AgentConfig& running, const AgentConfig& next) {
    ingest::SourceChange change;
    for (const SourceConfig& source : running.sources) {
        if (source.enabled && !runs_alike(next, source)) {
            change.ended.push_back(source.name);
        }
    }
    for (const SourceConfig& source : next.sources) {
        if (source.enabled) {
            change.order.push_back(source.name);
        }
        if (source.enabled && !runs_alike(running, source)) {
            change.begun.push_back(source_spec(source));
        }
    }
    return change;
}

}  // namespace

ConfigChange change_between(const config::Loaded& running, const config::Loaded& next) {
    ConfigChange change;
    if (running.config.catalogue != next.config.catalogue) {
        change.new_process_for = "the metric catalogue";
    }
    for (const std::string& key : different_keys(running.merged, next.merged)) {
        if (key == "uplink") {
            compare_uplinks(member_of(running.merged, key), member_of(next.merged, key), change);
        } else if (key != "source") {
            change.new_process_for = key;
        }
    }
    change.sources = compare_sources(running.config, next.config);
    return change;
}

}  // namespace cxedge::app
