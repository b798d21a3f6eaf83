// SPDX-License-Identifier: Apache-2.0
// Limits of plugin processes by cgroup v2, in the subtree that the service manager has delegated to
// this service (systemd: Delegate=yes). Linux, Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <sys/types.h>

#include "agent/base/result.hpp"

namespace cxedge::ingest {

// 0: none.
struct ProcessLimits {
    std::int64_t memory_bytes = 0;  // memory.max: beyond it the kernel kills the process
    std::int64_t tasks = 0;         // pids.max: threads and processes
    std::int64_t cpu_percent = 0;   // cpu.max: of one core

    [[nodiscard]] bool any() const { return memory_bytes != 0 || tasks != 0 || cpu_percent != 0; }
};

// Where the kernel shows cgroups; tests have directories of their own.
struct CgroupPlaces {
    std::string own = "/proc/self/cgroup";
    std::string mount = "/sys/fs/cgroup";
};

// Thread: one. Nothing is touched before the first process with limits.
class PluginCgroups {
public:
    explicit PluginCgroups(CgroupPlaces places = {}) : places_(std::move(places)) {}

    // Puts the process of `source` into a cgroup of its own. Where the kernel or the service
    // manager does not offer a limit that is said once, and the process runs without it.
    void confine(const std::string& source, pid_t pid, const ProcessLimits& limits);
    // True when the kernel has killed for the memory limit of `source` since the last call.
    bool ran_out_of_memory(const std::string& source);

private:
    Status open();
    Status find_subtree();
    Status leave_subtree_root();
    void offer_controllers();
    void say_once(const std::string& text);
    [[nodiscard]] std::string group_of(const std::string& source) const;

    CgroupPlaces places_;
    std::string subtree_;  // empty: not looked for, or not there
    bool looked_ = false;
    std::set<std::string> said_;
    std::map<std::string, std::uint64_t> kills_;  // by source, as last seen
};

}  // namespace cxedge::ingest
