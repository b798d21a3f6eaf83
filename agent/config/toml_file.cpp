// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"
#include "agent/config/load.hpp"

namespace cxedge::config {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{256} * 1024;

Error read_error(const std::string& path, int errno_value) {
    Error error = system_error(path, errno_value);
    if (errno_value == ENOENT || errno_value == ENOTDIR) {
        error.code = ErrorCode::not_found;
    }
    return error;
}

// At most one byte more than allowed, which is enough to know.
Result<std::string> read_bytes(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        return read_error(path, errno);
    }
    std::string bytes(kMaxFileBytes + 1, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return read_error(path, errno);
        }
        if (got == 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace

Result<SettingsNode> read_toml(
    const std::string& path, std::string_view layer, SettingsProblems& problems
) {
    const Result<std::string> bytes = read_bytes(path);
    if (!bytes) {
        return bytes.error();
    }
    if (bytes->size() > kMaxFileBytes) {
        return invalid_argument(fmt::format("{}: is larger than {} KiB", path, kMaxFileBytes / 1024)
        );
    }
    return parse_toml(*bytes, path, layer, problems);
}

}  // namespace cxedge::config
