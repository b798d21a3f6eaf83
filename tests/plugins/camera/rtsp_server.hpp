// SPDX-License-Identifier: Apache-2.0
// A network camera in a process of its own: tests/support/rtsp_server.py.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {

class RtspServer {
public:
    explicit RtspServer(const std::vector<std::string>& options = {}, const std::string& port = "0")
        : process_(command(options, port)) {
        const std::optional<std::string> line = process_.line(std::chrono::seconds(30));
        if (line && line->rfind("port ", 0) == 0) {
            port_ = line->substr(5);
        } else {
            WARN("skipped: no RTSP server (./dev install): " << line.value_or("it does not start"));
        }
    }
    // False: it cannot run here, and says why.
    [[nodiscard]] bool runs() const { return !port_.empty(); }
    [[nodiscard]] const std::string& port() const { return port_; }
    [[nodiscard]] std::string address() const { return "rtsp://127.0.0.1:" + port_ + "/low"; }
    void signal(int number) const { process_.signal(number); }
    void kill() {
        process_.signal(SIGKILL);
        process_.wait(std::chrono::seconds(10));
    }

private:
    Process process_;
    std::string port_;

    static std::vector<std::string> command(
        const std::vector<std::string>& options, const std::string& port
    ) {
        // Debian's python: a private one does not find python3-gi.
        std::vector<std::string> all{"/usr/bin/python3", RTSP_SERVER, "--port", port};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }
};

}  // namespace cxedge::test
