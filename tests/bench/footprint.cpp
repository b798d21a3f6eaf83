// SPDX-License-Identifier: Apache-2.0
// ./dev bench footprint: memory, start-up time and idle cost of cxedged with statsd and box, broker
// away (so that nothing but the agent is measured).
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/machine.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using cxedge::UniqueFd;
using cxedge::test::Process;
using Seconds = std::chrono::duration<double>;

constexpr int kStarts = 20;
constexpr int kIdleSeconds = 10;

// The receiving end of sd_notify(3): READY=1 is the end of start-up.
UniqueFd notify_socket(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fmt::print(stderr, "cannot bind {}\n", path);
        std::exit(1);  // NOLINT(concurrency-mt-unsafe)
    }
    return fd;
}

void await_ready(const UniqueFd& fd) {
    char text[512];
    while (true) {
        const ssize_t got = ::recv(fd.get(), text, sizeof text, 0);
        if (got > 0 && std::string_view(text, static_cast<std::size_t>(got)).find("READY=1") !=
                           std::string_view::npos) {
            return;
        }
    }
}

void write_config(const std::string& path) {
    std::ofstream(path) << "[node]\ntenant = \"bench\"\nsite = \"bench\"\nid = \"box\"\n"
                           "[uplink]\nbroker = \"mqtt://127.0.0.1:9\"\n"
                           "[[source]]\nplugin = \"statsd\"\nlisten = \"127.0.0.1:0\"\n"
                           "[[source]]\nplugin = \"box\"\n";
}

double from_rollup(pid_t pid, const std::string& key) {
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
    std::string word;
    double kib = 0;
    while (file >> word) {
        if (word == key + ":" && file >> kib) {
            return kib / 1024;
        }
    }
    return 0;
}

struct Activity {
    double cpu_s = 0;
    double wakeups = 0;
};

Activity activity(pid_t pid) {
    Activity sum;
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
        std::ifstream schedstat(task.path() / "schedstat");
        double run_ns = 0;
        schedstat >> run_ns;
        sum.cpu_s += run_ns / 1e9;
        std::ifstream status(task.path() / "status");
        std::string word;
        while (status >> word) {
            double n = 0;
            if (word == "voluntary_ctxt_switches:" && status >> n) {
                sum.wakeups += n;
            }
        }
    }
    return sum;
}

}  // namespace

int main() {
    const cxedge::test::TempDir dir;
    const std::string socket_path = dir.file("notify");
    const UniqueFd notify = notify_socket(socket_path);
    ::setenv("NOTIFY_SOCKET", socket_path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
    write_config(dir.file("site.toml"));
    const std::vector<std::string> command{
        CXEDGED, "--config", dir.file("site.toml"), "--state-dir", dir.file("state")};
    fmt::print("{}\n", cxedge::bench::machine());

    std::vector<double> starts;
    for (int i = 0; i < kStarts; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        Process agent(command);
        await_ready(notify);
        starts.push_back(Seconds(std::chrono::steady_clock::now() - begin).count() * 1000);
        agent.signal(SIGTERM);
        agent.wait(std::chrono::seconds(20));
    }
    fmt::print(
        "start to READY:      {}, {} starts, aim < 50 ms\n",
        to_string(cxedge::bench::spread(starts), "ms"),
        kStarts
    );

    const Process agent(command);
    await_ready(notify);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const Activity before = activity(agent.pid());
    std::this_thread::sleep_for(std::chrono::seconds(kIdleSeconds));
    const Activity after = activity(agent.pid());
    fmt::print("RSS idle:            {:.2f} MiB, aim < 12\n", from_rollup(agent.pid(), "Rss"));
    fmt::print("PSS idle:            {:.2f} MiB\n", from_rollup(agent.pid(), "Pss"));
    fmt::print("private dirty:       {:.2f} MiB\n", from_rollup(agent.pid(), "Private_Dirty"));
    fmt::print(
        "CPU idle:            {:.3f} % of a core over {} s\n",
        (after.cpu_s - before.cpu_s) / kIdleSeconds * 100,
        kIdleSeconds
    );
    fmt::print(
        "wakeups idle:        {:.1f} a second\n", (after.wakeups - before.wakeups) / kIdleSeconds
    );
    fmt::print(
        "binary:              {:.2f} MiB with debug information\n",
        static_cast<double>(std::filesystem::file_size(CXEDGED)) / 1048576
    );
    return 0;
}
