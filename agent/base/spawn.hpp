// SPDX-License-Identifier: Apache-2.0
// Starts a program (posix_spawn(3)). Thread: any.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "agent/base/result.hpp"

namespace cxedge {

struct SpawnOrder {
    std::string program;  // a path; argv[0], too
    std::vector<std::string> arguments;
    // {ours, theirs}: it finds our descriptor under that number. The two differ, or close-on-exec
    // would stay.
    std::vector<std::pair<int, int>> descriptors;
    bool own_group = false;  // of processes: signals of a terminal do not reach it
};

// No signal is blocked in the program, whatever is here. The caller waits for it.
Result<pid_t> spawn(const SpawnOrder& order);

}  // namespace cxedge
