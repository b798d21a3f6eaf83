// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/companion.hpp"

#include <cerrno>
#include <filesystem>

#include <sys/wait.h>

#include "agent/base/spawn.hpp"

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
    const auto child = spawn({program, arguments, {}});
    if (!child) {
        return child.error();
    }
    int status = 0;
    while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status)) {
        return corrupt(program + " crashed");
    }
    return WEXITSTATUS(status) == kNotStarted
               ? Result<int>(unavailable(program + " could not be started"))
               : Result<int>(WEXITSTATUS(status));
}

}  // namespace cxedge::ctl
