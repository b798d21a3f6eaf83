// SPDX-License-Identifier: Apache-2.0
// video_server.py while it runs, and what an independent play-out says of what it sent.
#pragma once

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugins/probe_video/probe_video.hpp"

#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

inline constexpr std::chrono::seconds kVideoPatience{30};

class VideoServer {
public:
    explicit VideoServer(std::vector<std::string> options = {}) : process_(command(options)) {
        const auto line = process_.line(kVideoPatience);
        if (!line || !line->starts_with("port ")) {
            throw std::runtime_error("no video server: " + line.value_or("it does not start"));
        }
        port_ = line->substr(5);
    }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + port_ + path;
    }
    // A line for each segment that went out; ends it.
    std::string end() {
        process_.signal(2);
        return process_.rest(kVideoPatience);
    }

private:
    static std::vector<std::string> command(std::vector<std::string> options) {
        options.insert(options.begin(), {"/usr/bin/python3", VIDEO_SERVER});
        return options;
    }

    Process process_;
    std::string port_;
};

struct Seen {
    double initial_buffer_s = 0;
    double stall_time_s = 0;
    double stalls = 0;
    double play_time_s = 0;
};

// `began`: of the steady clock, which is the server's monotonic time.
inline Seen oracle(
    const std::string& log,
    std::chrono::steady_clock::time_point began,
    double duration_s,
    double buffer_s,
    double watch_s
) {
    const TempDir dir;
    std::ofstream(dir.file("log")) << log;
    const double began_s = std::chrono::duration<double>(began.time_since_epoch()).count();
    const std::string words = std::to_string(began_s) + " " + std::to_string(duration_s) + " " +
                              std::to_string(buffer_s) + " " + std::to_string(watch_s);
    const Finished finished = run(
        {"/bin/sh",
         "-c",
         "exec /usr/bin/python3 " VIDEO_ORACLE " " + words + " < " + dir.file("log")}
    );
    std::istringstream text(finished.output);
    Seen seen;
    text >> seen.initial_buffer_s >> seen.stall_time_s >> seen.stalls >> seen.play_time_s;
    if (!text) {
        throw std::runtime_error("the oracle says: " + finished.output);
    }
    return seen;
}

inline std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

using VideoLab = ProbeLab<plugins::ProbeVideo>;

// Short: half a second a segment.
inline std::string video_settings(const std::string& more) {
    return "targets = \"http://video.example/\"\nbuffer_s = 1\nahead_s = 2\ntimeout_s = 30\n" +
           more;
}

}  // namespace cxedge::test
