// SPDX-License-Identifier: Apache-2.0
// http_device.py while it runs: a device with a web server, well-behaved and not. The including
// target defines HTTP_DEVICE, the script's path.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace cxedge::test {

class HttpDevice {
public:
    explicit HttpDevice(const std::vector<std::string>& options = {}) : process_(command(options)) {
        const std::optional<std::string> line = process_.line(std::chrono::seconds(30));
        if (!line || !line->starts_with("port ")) {
            throw std::runtime_error("no HTTP device: " + line.value_or("it does not start"));
        }
        port_ = line->substr(5);
    }
    [[nodiscard]] const std::string& port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path, const std::string& scheme = "http")
        const {
        return scheme + "://127.0.0.1:" + port_ + path;
    }
    // The next request it got whose line has `part`.
    std::optional<std::string> request_with(const std::string& part) {
        return process_.line_with(part, std::chrono::seconds(10));
    }
    // All that it got until now and did not hand out yet; ends it.
    std::string end() {
        process_.signal(15);
        return process_.rest(std::chrono::seconds(10));
    }

private:
    static std::vector<std::string> command(const std::vector<std::string>& options) {
        std::vector<std::string> all{"/usr/bin/python3", HTTP_DEVICE};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }

    Process process_;
    std::string port_;
};

}  // namespace cxedge::test
