// SPDX-License-Identifier: Apache-2.0
// web_server.py while it runs: a web server for tests of probes. The including target defines
// WEB_SERVER, the script's path.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace cxedge::test {

class WebServer {
public:
    explicit WebServer(const std::vector<std::string>& options = {})
        : WebServer(command(options), "127.0.0.1") {}
    // `command` starts the script, maybe elsewhere (NetNamespace::inside()), where it is `address`.
    WebServer(const std::vector<std::string>& command, std::string address)
        : process_(command), address_(std::move(address)) {
        const std::optional<std::string> line = process_.line(std::chrono::seconds(30));
        if (!line || !line->starts_with("port ")) {
            throw std::runtime_error("no web server: " + line.value_or("it does not start"));
        }
        port_ = line->substr(5);
    }
    static std::vector<std::string> command(const std::vector<std::string>& options) {
        std::vector<std::string> all{"/usr/bin/python3", WEB_SERVER};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }

    [[nodiscard]] const std::string& port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path, const std::string& scheme = "http")
        const {
        return scheme + "://" + address_ + ":" + port_ + path;
    }
    // The next request it got whose line has `part`.
    std::optional<std::string> request_with(const std::string& part) {
        return process_.line_with(part, std::chrono::seconds(10));
    }

private:
    Process process_;
    std::string address_;
    std::string port_;
};

}  // namespace cxedge::test
