// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/node_run.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

namespace cxedge::bench {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds kPatience{60};
#ifdef NDEBUG
constexpr bool kDebugBuild = false;
#else
constexpr bool kDebugBuild = true;
#endif

std::string with_directory(std::string text, const std::string& directory) {
    constexpr std::string_view kMark = "{dir}";
    for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
        text.replace(at, kMark.size(), directory);
    }
    return text;
}

// A source may begin a moment after the agent says that it runs.
UniqueFd connected_to(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (::connect(fd.get(), generic, sizeof address) != 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("cannot connect to " + path);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return fd;
}

// KiB of a process's memory that map this file.
double mapped_kib(pid_t pid, const std::string& file) {
    std::ifstream maps(fmt::format("/proc/{}/smaps", pid));
    bool inside = false;
    double kib = 0;
    for (std::string line; std::getline(maps, line);) {
        const bool heading = line.find('-') < line.find(' ');
        if (heading) {
            inside = line.size() > file.size() && line.ends_with(file);
        } else if (inside && line.starts_with("Rss:")) {
            kib += std::stod(line.substr(4));
        }
    }
    return kib;
}

}  // namespace

NodeRun::NodeRun(const std::string& site) : dir_("/dev/shm") {
    std::ofstream(dir_.file("site.toml")) << with_directory(site, dir_.path().string());
    agent_ = std::make_unique<test::Process>(std::vector<std::string>{
        CXEDGED,
        "--config",
        dir_.file("site.toml"),
        "--profiles",
        PROFILES,
        "--state-dir",
        disk_.file("state"),
        "--runtime-dir",
        dir_.path().string()});
    if (!agent_->line_with("running,", kPatience)) {
        throw std::runtime_error("cxedged did not start: " + agent_->rest(std::chrono::seconds(1)));
    }
}

double NodeRun::status(const std::string& key) const {
    const auto done = test::run({CXCTL, "status", "--socket", file("control.sock"), "--json"});
    const auto answer = nlohmann::json::parse(done.output, nullptr, false);
    return answer.is_object() && answer.contains("status") ? answer["status"].value(key, -1.0)
                                                           : -1.0;
}

bool NodeRun::status_reaches(const std::string& key, double least) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (status(key) < least) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return true;
}

int NodeRun::stop() {
    agent_->signal(SIGTERM);
    agent_->rest(kPatience);
    return agent_->wait(kPatience);
}

Usage watch(const NodeRun& node, double seconds) {
    const Usage before = node.usage();
    std::this_thread::sleep_for(Seconds(seconds));
    return node.usage() - before;
}

StatsdClient::StatsdClient(const std::string& socket) : fd_(connected_to(socket)) {}

void StatsdClient::send(std::size_t lines) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) {
        const double value = std::generate_canonical<double, 53>(random_);
        text += fmt::format("till.load:{:.17g}|g|#lane:{}\n", value, random_() % 8);
    }
    (void)::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

void StatsdClient::send_at_once(std::size_t lines) {
    constexpr std::size_t kLines = 25;  // a datagram of a usual size
    for (std::size_t sent = 0; sent < lines; sent += kLines) {
        send(kLines);
    }
}

void StatsdClient::send_for(double seconds, double per_s) {
    const auto begin = std::chrono::steady_clock::now();
    const auto count = static_cast<int>(per_s * seconds);
    for (int i = 0; i < count; ++i) {
        send(1);
        std::this_thread::sleep_until(begin + Seconds((i + 1) / per_s));
    }
    std::this_thread::sleep_until(begin + Seconds(seconds));
}

bool fill_spool(const NodeRun& node) {
    constexpr std::size_t kAtOnce = 50000;
    StatsdClient software(node.file("statsd.sock"));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (node.status("samples_lost") < 1) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        software.send_at_once(kAtOnce);
    }
    return true;
}

double peak_rss_mib(pid_t pid) {
    const double peak = usage_of(pid).peak_mib;
    if (!kDebugBuild) {
        return peak;
    }
    constexpr double kKibPerMib = 1024;
    // What a release build's cxedged has resident of its 2.9 MiB: smaps, 2026-11-22, x86-64.
    constexpr double kReleaseCodeMib = 2.6;
    return peak - mapped_kib(pid, "/cxedged") / kKibPerMib + kReleaseCodeMib;
}

}  // namespace cxedge::bench
