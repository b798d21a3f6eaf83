// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/machine.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include <fmt/core.h>

namespace cxedge::bench {
namespace {

// Value of the first line of `path` that starts with `key`, after ':' or '='.
std::string value_of(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        const std::size_t at = line.find_first_of(":=");
        if (line.starts_with(key) && at != std::string::npos) {
            const std::size_t begin = line.find_first_not_of(" \"", at + 1);
            return begin == std::string::npos
                       ? ""
                       : line.substr(begin, line.find_last_not_of('"') - begin + 1);
        }
    }
    return "unknown";
}

}  // namespace

std::string machine() {
    return fmt::format(
        "{}, {} x {}, memory {}",
        value_of("/etc/os-release", "PRETTY_NAME"),
        std::thread::hardware_concurrency(),
        value_of("/proc/cpuinfo", "model name"),
        value_of("/proc/meminfo", "MemTotal")
    );
}

Spread spread(std::vector<double> values) {
    if (values.empty()) {
        return {};
    }
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values.front(), values.back()};
}

std::string to_string(const Spread& spread, const char* unit) {
    return fmt::format(
        "{:.2f} {} (least {:.2f}, most {:.2f})", spread.median, unit, spread.least, spread.most
    );
}

}  // namespace cxedge::bench
