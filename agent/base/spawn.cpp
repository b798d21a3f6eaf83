// SPDX-License-Identifier: Apache-2.0
#include "agent/base/spawn.hpp"

#include <csignal>

#include <spawn.h>
#include <unistd.h>

namespace cxedge {
namespace {

// posix_spawn's two attribute objects, released together.
struct SpawnSetup {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};

    explicit SpawnSetup(const SpawnOrder& order) {
        ::posix_spawn_file_actions_init(&actions);
        for (const auto& [ours, theirs] : order.descriptors) {
            ::posix_spawn_file_actions_adddup2(&actions, ours, theirs);
        }
        sigset_t none;
        sigemptyset(&none);
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        const int group = order.own_group ? POSIX_SPAWN_SETPGROUP : 0;
        ::posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | group));
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;
    ~SpawnSetup() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
};

}  // namespace

Result<pid_t> spawn(const SpawnOrder& order) {
    std::vector<std::string> words{order.program};
    words.insert(words.end(), order.arguments.begin(), order.arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const SpawnSetup setup(order);
    pid_t pid = -1;
    const int failed = ::posix_spawn(
        &pid, order.program.c_str(), &setup.actions, &setup.attributes, pointers.data(), environ
    );
    return failed == 0 ? Result<pid_t>(pid)
                       : Result<pid_t>(system_error("starting " + order.program, failed));
}

}  // namespace cxedge
