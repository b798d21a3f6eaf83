// SPDX-License-Identifier: Apache-2.0
#include "agent/store/directory_claim.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/log.hpp"

namespace cxedge::store {
namespace {

constexpr mode_t kPrivateDirectory = 0700;

Error unusable(const std::string& directory, int errno_value) {
    Error error = system_error("state directory " + directory, errno_value);
    error.message +=
        "; give the user of cxedged a directory it may write to, or name another with --state-dir";
    return error;
}

// 0 or an errno value.
int make_directories(const std::filesystem::path& directory) {
    std::filesystem::path path;
    for (const auto& part : directory) {
        path /= part;
        if (::mkdir(path.c_str(), kPrivateDirectory) == 0 || errno == EEXIST) {
            continue;
        }
        // A parent that exists may still refuse mkdir (EROFS, EACCES); what follows will tell.
        const int failure = errno;
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) {
            return failure;
        }
    }
    return 0;
}

std::string holder(int lock) {
    std::array<char, 32> text{};
    const ssize_t size = ::pread(lock, text.data(), text.size(), 0);
    if (size <= 0) {
        return "unknown";
    }
    std::string_view pid(text.data(), static_cast<std::size_t>(size));
    return std::string(pid.substr(0, pid.find('\n')));
}

// For people and for the message above; the lock itself is the flock.
void write_holder(int lock) {
    const std::string pid = fmt::format("{}\n", ::getpid());
    const bool emptied = ::ftruncate(lock, 0) == 0;
    if (!emptied || ::pwrite(lock, pid.data(), pid.size(), 0) < 0) {
        log::debug("store", "the lock file does not name its holder: disk full?");
    }
}

}  // namespace

Result<UniqueFd> claim_directory(const std::string& directory) {
    if (directory.empty()) {
        return invalid_argument("the state directory has no name");
    }
    if (const int failure = make_directories(directory); failure != 0) {
        return unusable(directory, failure);
    }
    const std::string path = directory + "/spool.lock";
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile));
    if (!lock) {
        return unusable(directory, errno);
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return invalid_argument(fmt::format(
            "state directory {} is already used by another cxedged (pid {}); stop that one, or "
            "name "
            "another directory with --state-dir",
            directory,
            holder(lock.get())
        ));
    }
    write_holder(lock.get());
    return lock;
}

}  // namespace cxedge::store
