// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/usage.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/core.h>
#include <unistd.h>

namespace cxedge::bench {
namespace {

// The number behind "Key:" in a file of such lines; 0: not there.
double number_of(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    std::string word;
    double number = 0;
    while (file >> word) {
        if (word == key + ":" && file >> number) {
            return number;
        }
    }
    return 0;
}

// proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold spaces.
void add_times(pid_t pid, Usage& usage) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(file, line);
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    constexpr int kBefore = 11;  // fields 3 to 13
    std::string skipped;
    for (int i = 0; i < kBefore; ++i) {
        fields >> skipped;
    }
    fields >> usage.user_s >> usage.system_s;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    usage.user_s /= ticks;
    usage.system_s /= ticks;
}

// schedstat, see the kernel's Documentation/scheduler/sched-stats.rst: nanoseconds on a processor.
double run_seconds(const std::filesystem::path& task) {
    std::ifstream file(task / "schedstat");
    double nanoseconds = 0;
    file >> nanoseconds;
    return nanoseconds / 1e9;
}

void add_threads(pid_t pid, Usage& usage) {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
        usage.wakeups += static_cast<std::uint64_t>(
            number_of((task.path() / "status").string(), "voluntary_ctxt_switches")
        );
        usage.run_s += run_seconds(task.path());
    }
}

}  // namespace

Usage usage_of(pid_t pid) {
    Usage usage;
    const std::string process = fmt::format("/proc/{}/", pid);
    add_times(pid, usage);
    add_threads(pid, usage);
    constexpr double kKibPerMib = 1024;
    usage.peak_mib = number_of(process + "status", "VmHWM") / kKibPerMib;
    usage.rss_mib = number_of(process + "status", "VmRSS") / kKibPerMib;
    usage.write_bytes = static_cast<std::uint64_t>(number_of(process + "io", "write_bytes"));
    return usage;
}

Usage operator-(Usage after, const Usage& before) {
    after.user_s -= before.user_s;
    after.system_s -= before.system_s;
    after.run_s -= before.run_s;
    after.write_bytes -= before.write_bytes;
    after.wakeups -= before.wakeups;
    return after;
}

std::uint64_t bytes_in(const std::string& directory) {
    std::uint64_t bytes = 0;
    std::error_code gone;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, gone)) {
        bytes += entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    }
    return bytes;
}

}  // namespace cxedge::bench
