// SPDX-License-Identifier: Apache-2.0
// What operations may not decide: a box that follows a wrong key or answers to another name could
// not be brought back. (Plugins look at the layer, too: a camera's `snapshot` is the site's alone.)
#include <array>
#include <string>

#include <fmt/core.h>

#include "agent/config/load.hpp"

namespace cxedge::config {
namespace {

constexpr std::string_view kOnlyLocal =
    "only this box's own file may say it, not what comes from remote";

// Sections, and single keys of sections.
constexpr std::array<std::string_view, 3> kLocalSections{"node", "profile", "remote"};
constexpr std::array<std::array<std::string_view, 2>, 2> kLocalKeys{{
    {"agent", "control_socket"},
    {"agent", "catalogue"},  // relative to a file, and this one is none
}};

void refuse_sections(const SettingsNode& document, SettingsProblems& problems) {
    for (const std::string_view section : kLocalSections) {
        if (const SettingsNode* node = document.find(section)) {
            problems.add(node->key_position, section, kOnlyLocal);
        }
    }
}

void refuse_keys(const SettingsNode& document, SettingsProblems& problems) {
    for (const auto& [section, key] : kLocalKeys) {
        const SettingsNode* table = document.find(section);
        const SettingsNode* node = table == nullptr ? nullptr : table->find(key);
        if (node != nullptr) {
            problems.add(node->key_position, fmt::format("{}.{}", section, key), kOnlyLocal);
        }
    }
}

}  // namespace

SettingsNode read_remote(std::string_view text, SettingsProblems& problems) {
    SettingsNode document = parse_toml(text, "remote", "remote", problems);
    refuse_sections(document, problems);
    refuse_keys(document, problems);
    return document;
}

}  // namespace cxedge::config
