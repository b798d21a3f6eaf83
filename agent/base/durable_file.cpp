// SPDX-License-Identifier: Apache-2.0
#include "agent/base/durable_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge {
namespace {

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

Status sync_directory_of(const std::string& path) {
    const std::string directory = directory_of(path);
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd && ::fsync(fd.get()) == 0 ? Status() : Status(system_error(directory, errno));
}

Status write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return system_error("writing", errno);
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return ::fsync(fd) == 0 ? Status() : Status(system_error("fsync", errno));
}

// What root makes for the daemon must be the daemon's.
Status give_to_owner_of_directory(int fd, const std::string& path) {
    struct stat found {};
    if (::geteuid() != 0 || ::stat(directory_of(path).c_str(), &found) != 0) {
        return {};
    }
    return ::fchown(fd, found.st_uid, found.st_gid) == 0 ? Status()
                                                         : Status(system_error("owner", errno));
}

Status write_new(const std::string& path, std::string_view bytes, mode_t mode) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) {
        return system_error(path, errno);
    }
    // open(2) takes the umask off; the mode given is the mode meant.
    if (::fchmod(fd.get(), mode) != 0) {
        return system_error(path, errno);
    }
    if (Status given = give_to_owner_of_directory(fd.get(), path); !given) {
        return given.error().during(path);
    }
    const Status written = write_all(fd.get(), bytes);
    return written ? written : Status(written.error().during(path));
}

}  // namespace

Status replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());  // of a process that was killed just here
    if (Status written = write_new(beside, bytes, mode); !written) {
        ::unlink(beside.c_str());
        return written;
    }
    return move_file(beside, path);
}

Status move_file(const std::string& from, const std::string& to) {
    return std::rename(from.c_str(), to.c_str()) == 0 ? sync_directory_of(to)
                                                      : Status(system_error(to, errno));
}

Status remove_file(const std::string& path) {
    return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status()
                                                          : Status(system_error(path, errno));
}

Result<std::string> load_file(const std::string& path, std::size_t most) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        return errno == ENOENT ? not_found(path + ": no such file") : system_error(path, errno);
    }
    std::string text;
    std::array<char, 8192> part{};
    for (;;) {
        const ssize_t got = ::read(fd.get(), part.data(), part.size());
        if (got < 0 && errno != EINTR) {
            return system_error(path, errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(part.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        if (text.size() > most) {
            return exhausted(path + " is larger than " + std::to_string(most) + " bytes");
        }
    }
}

Status make_private_directory(const std::string& path) {
    constexpr mode_t kOwnerOnly = 0700;
    if (::mkdir(path.c_str(), kOwnerOnly) != 0) {
        return errno == EEXIST ? Status() : Status(system_error(path, errno));
    }
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd ? give_to_owner_of_directory(fd.get(), path) : Status(system_error(path, errno));
}

}  // namespace cxedge
