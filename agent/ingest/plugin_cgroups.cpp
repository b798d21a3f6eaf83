// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/plugin_cgroups.hpp"

#include <cerrno>
#include <fstream>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/log.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::ingest {
namespace {

// Processes may only be in leaves once controllers are on: the agent's own leaf. Names of sources
// get a prefix, so none of them can be this or a file of the kernel.
constexpr const char* kAgentGroup = "/agent";
constexpr const char* kPluginGroup = "/plugin-";
// cpu.max: microseconds of processor time in each period; the kernel's own default period.
constexpr std::int64_t kCpuPeriodUs = 100000;
constexpr std::int64_t kPercent = 100;
// A process can be started in the subtree's root while it is emptied.
constexpr int kMoveRounds = 3;

Status write_file(const std::string& path, const std::string& text) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || ::write(file.get(), text.data(), text.size()) < 0) {
        return system_error(path, errno);
    }
    return {};
}

Status make_group(const std::string& path) {
    constexpr mode_t kMode = 0755;
    if (::mkdir(path.c_str(), kMode) != 0 && errno != EEXIST) {
        return system_error(path, errno);
    }
    return {};
}

// The number after `key` in a file of lines "key number"; 0 when there is none.
std::uint64_t number_in(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    std::string word;
    std::uint64_t number = 0;
    while (file >> word >> number) {
        if (word == key) {
            return number;
        }
    }
    return 0;
}

// A file of a cgroup and what is to be in it.
struct Wanted {
    std::string file;
    std::string value;
};

std::vector<Wanted> wanted_of(const ProcessLimits& limits) {
    std::vector<Wanted> wanted;
    if (limits.memory_bytes != 0) {
        wanted.push_back({"memory.max", std::to_string(limits.memory_bytes)});
    }
    if (limits.tasks != 0) {
        wanted.push_back({"pids.max", std::to_string(limits.tasks)});
    }
    if (limits.cpu_percent != 0) {
        const std::int64_t quota = limits.cpu_percent * kCpuPeriodUs / kPercent;
        wanted.push_back({"cpu.max", fmt::format("{} {}", quota, kCpuPeriodUs)});
    }
    return wanted;
}

Status set_limit(const std::string& path, const std::string& value) {
    if (::access(path.c_str(), F_OK) != 0) {
        return not_found("the kernel has no " + path);
    }
    return write_file(path, value);
}

// Of the line "0::/system.slice/cxedged.service"; other lines are cgroup v1.
std::string own_group(const std::string& file_name) {
    constexpr std::string_view kV2 = "0::";
    std::ifstream file(file_name);
    std::string line;
    while (std::getline(file, line)) {
        if (line.rfind(kV2, 0) == 0) {
            return line.substr(kV2.size());
        }
    }
    return {};
}

}  // namespace

std::string PluginCgroups::group_of(const std::string& source) const {
    return subtree_ + kPluginGroup + source;
}

void PluginCgroups::say_once(const std::string& text) {
    if (said_.insert(text).second) {
        log::warn("plugin limits", text);
    }
}

Status PluginCgroups::find_subtree() {
    const std::string own = own_group(places_.own);
    if (own.empty() || ::access((places_.mount + "/cgroup.controllers").c_str(), R_OK) != 0) {
        return not_found("no cgroup v2 at " + places_.mount);
    }
    // The root is everybody's.
    const std::string subtree = places_.mount + own;
    if (own == "/" || ::access((subtree + "/cgroup.subtree_control").c_str(), W_OK) != 0) {
        return unavailable(
            subtree + " is not delegated to this process (systemd: Delegate=yes in its unit)"
        );
    }
    subtree_ = subtree;
    return {};
}

Status PluginCgroups::leave_subtree_root() {
    const std::string leaf = subtree_ + kAgentGroup;
    if (Status made = make_group(leaf); !made) {
        return made;
    }
    for (int round = 0; round < kMoveRounds; ++round) {
        std::ifstream members(subtree_ + "/cgroup.procs");
        std::string pid;
        while (members >> pid) {
            // It may have ended. Should it still be there, turning controllers on says so.
            (void)write_file(leaf + "/cgroup.procs", pid);
        }
    }
    return {};
}

void PluginCgroups::offer_controllers() {
    std::ifstream offered(subtree_ + "/cgroup.controllers");
    std::string name;
    while (offered >> name) {
        if (name != "memory" && name != "pids" && name != "cpu") {
            continue;
        }
        if (const Status on = write_file(subtree_ + "/cgroup.subtree_control", "+" + name); !on) {
            say_once(on.error().message);
        }
    }
}

Status PluginCgroups::open() {
    Status found = find_subtree();
    if (found) {
        found = leave_subtree_root();
    }
    if (!found) {
        subtree_.clear();
        return found;
    }
    offer_controllers();
    return {};
}

void PluginCgroups::confine(const std::string& source, pid_t pid, const ProcessLimits& limits) {
    if (!limits.any()) {
        return;
    }
    if (!std::exchange(looked_, true)) {
        if (const Status opened = open(); !opened) {
            say_once("plugins run without limits of their own: " + opened.error().message);
        }
    }
    if (subtree_.empty()) {
        return;
    }
    const std::string group = group_of(source);
    const auto attempt = [&](const Status& done) {
        if (!done) {
            say_once(fmt::format("source {} runs without: {}", source, done.error().message));
        }
    };
    attempt(make_group(group));
    kills_[source] = number_in(group + "/memory.events", "oom_kill");
    for (const Wanted& wanted : wanted_of(limits)) {
        attempt(set_limit(group + "/" + wanted.file, wanted.value));
    }
    attempt(write_file(group + "/cgroup.procs", std::to_string(pid)));
}

bool PluginCgroups::ran_out_of_memory(const std::string& source) {
    if (subtree_.empty()) {
        return false;
    }
    const std::uint64_t kills = number_in(group_of(source) + "/memory.events", "oom_kill");
    return std::exchange(kills_[source], kills) < kills;
}

}  // namespace cxedge::ingest
