// SPDX-License-Identifier: Apache-2.0
// A network camera in a process of its own (rtsp_server.py), and one that never answers.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

#include "tests/support/process.hpp"

namespace cxedge::test {

class RtspServer {
public:
    // `options`: see rtsp_server.py --help. Port "0": any.
    explicit RtspServer(
        const std::vector<std::string>& options = {}, const std::string& port = "0"
    );

    // Why it cannot run here; empty: it runs.
    [[nodiscard]] const std::string& problem() const { return problem_; }
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
    std::string problem_;
};

// Accepts connections on `port` and never says a word. Invalid: it cannot listen there.
UniqueFd listen_and_be_mute(const std::string& port);

}  // namespace cxedge::test
