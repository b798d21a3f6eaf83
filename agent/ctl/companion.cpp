// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/companion.hpp"

#include <cerrno>
#include <filesystem>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cxedge::ctl {
namespace {

// What posix_spawn(3)'s child says that could not be replaced by the program, where its parent
// cannot be told.
constexpr int kNotStarted = 127;

}  // namespace

std::string companion_path(const std::string& name) {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    return (self.parent_path() / name).string();
}

Result<int> run_companion(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    pid_t child = 0;
    const int failed =
        ::posix_spawn(&child, program.c_str(), nullptr, nullptr, pointers.data(), environ);
    if (failed != 0) {
        return system_error(program, failed);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status)) {
        return corrupt(program + " crashed");
    }
    return WEXITSTATUS(status) == kNotStarted
               ? Result<int>(unavailable(program + " could not be started"))
               : Result<int>(WEXITSTATUS(status));
}

}  // namespace cxedge::ctl
