// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/state_file.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::remote {
namespace {

Status write_all(int fd, const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return system_error("writing " + path, errno);
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return ::fsync(fd) == 0 ? Status() : Status(system_error("flushing " + path, errno));
}

Status flush_directory(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        return system_error("flushing " + directory, errno);
    }
    return {};
}

}  // namespace

Status replace_file(const std::string& path, std::string_view bytes) {
    constexpr mode_t kMode = 0600;
    const std::string fresh = path + ".new";
    const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
    if (!fd) {
        return system_error(fresh, errno);
    }
    if (Status written = write_all(fd.get(), fresh, bytes); !written) {
        return written;
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0) {
        return system_error("renaming " + fresh, errno);
    }
    return flush_directory(path);
}

Result<std::string> read_whole(const std::string& path, std::size_t most) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        const int code = errno;
        Error error = system_error(path, code);
        error.code = code == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
        return error;
    }
    std::string bytes(most + 1, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno != EINTR) {
            return system_error("reading " + path, errno);
        }
        if (got == 0) {
            break;
        }
        size += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    if (size > most) {
        return exhausted(fmt::format("{} is larger than {} bytes", path, most));
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace cxedge::remote
