// SPDX-License-Identifier: Apache-2.0
// Test cases as folders: plugins/<name>/testcases/<case>/.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/settings.hpp"

namespace cxedge::test {

// All of plugins/<folder>/testcases/*, sorted.
std::vector<std::filesystem::path> case_folders(const std::string& plugin_folder);
std::filesystem::path plugins_dir();

std::string read_text(const std::filesystem::path& file);
// Without the empty ones.
std::vector<std::string> read_lines(const std::filesystem::path& file);
// Sorted; empty if the folder does not exist.
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder);

// The first [[source]] of a TOML text. Throws std::runtime_error if there is none.
SettingsNode source_settings(const std::string& toml);
// "${dir}" in `text` becomes variables["dir"].
std::string substitute(std::string text, const std::map<std::string, std::string>& variables);

// Line by line; "error ..." fits any line that begins with "error ". Empty if all fit, or what does
// not.
std::string difference(
    const std::vector<std::string>& expected, const std::vector<std::string>& actual
);

}  // namespace cxedge::test
