// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/library_words.hpp"

#include <algorithm>
#include <system_error>

namespace cxedge::uplink {

std::string errno_text(int error) {
    return std::error_code(error, std::generic_category()).message();
}

std::string plain_reason(std::string line) {
    if (line.rfind("OpenSSL Error", 0) == 0) {
        line.erase(0, line.rfind(':') + 1);
    }
    if (line.rfind("Error: ", 0) == 0) {
        line.erase(0, 7);
    }
    while (!line.empty() && (line.back() == '.' || line.back() == '\n')) {
        line.pop_back();
    }
    return line;
}

bool only_reset(const std::vector<std::string>& lines) {
    return std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find("reset by peer") != std::string::npos;
    });
}

std::string join_reasons(const std::vector<std::string>& lines) {
    std::string joined;
    for (const std::string& line : lines) {
        const std::string reason = plain_reason(line);
        if (joined.find(reason) == std::string::npos) {
            joined += (joined.empty() ? "" : "; ") + reason;
        }
    }
    return joined;
}

}  // namespace cxedge::uplink
