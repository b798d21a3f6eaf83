// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <unordered_map>

#include "agent/config/load.hpp"
#include "agent/config/source_name.hpp"

namespace cxedge::config {
namespace {

using Table = SettingsNode::Table;
using List = SettingsNode::List;

SettingsNode merge_values(SettingsNode base, SettingsNode over);

// The members of `over` merged into those of `base` with `merge_member(key, base, over)`.
template <class MergeMember>
void merge_tables(Table& base, Table& over, const MergeMember& merge_member) {
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < base.size(); ++i) {
        places.emplace(base[i].key, i);
    }
    for (auto& [key, node] : over) {
        const auto place = places.find(key);
        if (place == places.end()) {
            base.emplace_back(key, std::move(node));
        } else {
            SettingsNode& old = base[place->second].node;
            old = merge_member(key, std::move(old), std::move(node));
        }
    }
}

template <class MergeMember>
SettingsNode merge_nodes(SettingsNode base, SettingsNode over, const MergeMember& merge_member) {
    if (base.table() == nullptr || over.table() == nullptr) {
        return over;
    }
    merge_tables(*base.table(), *over.table(), merge_member);
    base.position = std::move(over.position);
    base.key_position = std::move(over.key_position);
    return base;
}

SettingsNode merge_values(SettingsNode base, SettingsNode over) {
    return merge_nodes(
        std::move(base),
        std::move(over),
        [](const std::string&, SettingsNode low, SettingsNode high) {
            return merge_values(std::move(low), std::move(high));
        }
    );
}

// A second source of the same name in `over` stays a second one, to be complained about.
SettingsNode merge_sources(SettingsNode base, SettingsNode over) {
    if (base.list() == nullptr || over.list() == nullptr) {
        return over;
    }
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < base.list()->size(); ++i) {
        places.emplace(source_name((*base.list())[i]), i);
    }
    places.erase("");
    for (SettingsNode& source : *over.list()) {
        const auto place = places.find(source_name(source));
        if (place == places.end()) {
            base.list()->push_back(std::move(source));
        } else {
            SettingsNode& old = (*base.list())[place->second];
            old = merge_values(std::move(old), std::move(source));
            places.erase(place);
        }
    }
    return base;
}

SettingsNode merge_rules(SettingsNode base, SettingsNode over) {
    if (base.list() == nullptr || over.list() == nullptr) {
        return over;
    }
    for (SettingsNode& rule : *base.list()) {
        over.list()->push_back(std::move(rule));
    }
    return over;
}

SettingsNode merge_section(const std::string& key, SettingsNode base, SettingsNode over) {
    if (key == "source") {
        return merge_sources(std::move(base), std::move(over));
    }
    if (key == "rule") {
        return merge_rules(std::move(base), std::move(over));
    }
    return merge_values(std::move(base), std::move(over));
}

}  // namespace

std::string source_name(const SettingsNode& source) {
    for (const char* key : {"name", "plugin"}) {
        const SettingsNode* node = source.find(key);
        const auto* text = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
        if (text != nullptr && !text->empty()) {
            return *text;
        }
    }
    return "";
}

SettingsNode merge(SettingsNode base, SettingsNode over) {
    return merge_nodes(std::move(base), std::move(over), merge_section);
}

}  // namespace cxedge::config
