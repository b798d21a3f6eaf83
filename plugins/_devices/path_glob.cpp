// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/path_glob.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fnmatch.h>

namespace cxedge::devices {
namespace {

namespace fs = std::filesystem;

// Folders that a pattern may pass through; more is a mistake in the pattern.
constexpr std::size_t kMostFolders = 4'096;

void add_entries(const fs::path& folder, const std::string& part, std::vector<fs::path>& out) {
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) {
            out.push_back(folder / name);
        }
    }
}

std::vector<fs::path> next_level(const std::vector<fs::path>& folders, const std::string& part) {
    std::vector<fs::path> out;
    for (const fs::path& folder : folders) {
        if (is_pattern(part)) {
            add_entries(folder, part, out);
        } else {
            out.push_back(folder / part);
        }
        if (out.size() > kMostFolders) {
            break;
        }
    }
    return out;
}

}  // namespace

bool is_pattern(std::string_view path) {
    return path.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> matching_paths(const std::vector<std::string>& patterns) {
    std::vector<std::string> out;
    for (const std::string& pattern : patterns) {
        std::vector<fs::path> found{fs::path()};
        for (const fs::path& part : fs::path(pattern)) {
            found = next_level(found, part.string());
        }
        for (const fs::path& path : found) {
            out.push_back(path.string());
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace cxedge::devices
