// SPDX-License-Identifier: Apache-2.0
// A site file, a profile directory and their loading, in a directory of their own.
#pragma once

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/config/load.hpp"

#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

class ConfigFiles {
public:
    ConfigFiles() { write("catalogue.toml", ""); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(dir_.file(name), std::ios::binary) << text;
    }
    [[nodiscard]] std::string path(const std::string& name) const { return dir_.file(name); }

    [[nodiscard]] Result<config::Loaded> load(const std::string& site) const {
        write("site.toml", site);
        return config::load({path("site.toml"), dir_.path().string()});
    }

    // The problems of a site file, sorted, with the directory's name cut away.
    [[nodiscard]] std::vector<std::string> problems(const std::string& site) const {
        const Result<config::Loaded> loaded = load(site);
        return loaded.ok() ? std::vector<std::string>{} : relative_lines(loaded.error().message);
    }

    [[nodiscard]] std::vector<std::string> relative_lines(const std::string& message) const {
        const std::string dir = dir_.path().string() + "/";
        std::vector<std::string> lines;
        std::istringstream stream(message);
        for (std::string line; std::getline(stream, line);) {
            for (auto at = line.find(dir); at != std::string::npos; at = line.find(dir)) {
                line.erase(at, dir.size());
            }
            lines.push_back(line);
        }
        std::sort(lines.begin(), lines.end());
        return lines;
    }

private:
    TempDir dir_;
};

inline std::vector<std::string> sorted(std::vector<std::string> lines) {
    std::sort(lines.begin(), lines.end());
    return lines;
}

}  // namespace cxedge::test
