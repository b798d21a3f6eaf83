// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/case_folder.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "agent/config/load.hpp"

namespace cxedge::test {

namespace fs = std::filesystem;

fs::path plugins_dir() {
    return CXEDGE_PLUGINS_DIR;
}

std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> found;
    if (fs::is_directory(folder)) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<fs::path> case_folders(const std::string& plugin_folder) {
    return entries(plugins_dir() / plugin_folder / "testcases");
}

std::string read_text(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        throw std::runtime_error("cannot read " + file.string());
    }
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::vector<std::string> read_lines(const fs::path& file) {
    std::istringstream stream(read_text(file));
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

SettingsNode source_settings(const std::string& toml) {
    SettingsProblems problems;
    const SettingsNode root = config::parse_toml(toml, "config.toml", "site", problems);
    const SettingsNode* const sources = root.find("source");
    if (!problems.empty() || sources == nullptr || sources->list() == nullptr) {
        throw std::runtime_error("no [[source]]: " + problems.error().message);
    }
    return sources->list()->front();
}

std::string substitute(std::string text, const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) {
        const std::string marker = "${" + name + "}";
        for (auto at = text.find(marker); at != std::string::npos; at = text.find(marker, at)) {
            text.replace(at, marker.size(), value);
            at += value.size();
        }
    }
    return text;
}

namespace {

bool fits(const std::string& expected, const std::string& actual) {
    constexpr std::string_view kAny = " ...";
    if (expected.size() > kAny.size() &&
        std::string_view(expected).substr(expected.size() - kAny.size()) == kAny) {
        return actual.compare(0, expected.size() - 3, expected, 0, expected.size() - 3) == 0;
    }
    return expected == actual;
}

}  // namespace

std::string difference(
    const std::vector<std::string>& expected, const std::vector<std::string>& actual
) {
    std::ostringstream text;
    const std::size_t rows = std::max(expected.size(), actual.size());
    for (std::size_t i = 0; i < rows; ++i) {
        const std::string want = i < expected.size() ? expected[i] : "(nothing)";
        const std::string got = i < actual.size() ? actual[i] : "(nothing)";
        if (!fits(want, got)) {
            text << "line " << i + 1 << ": expected <" << want << "> got <" << got << ">\n";
        }
    }
    return text.str();
}

}  // namespace cxedge::test
