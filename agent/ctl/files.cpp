// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/files.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxSecretBytes = 64UL * 1024UL;

Error open_error(const std::string& path, int code) {
    Error error = system_error(path, code);
    if (code == ENOENT || code == ENOTDIR) {
        error.code = ErrorCode::not_found;
    }
    return error;
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t most) {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno != EINTR) {
            return system_error("reading " + path, errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        if (text.size() > most) {
            return exhausted(path + " is larger than " + std::to_string(most) + " bytes");
        }
    }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t most) {
    if (path == "-") {
        return read_all(STDIN_FILENO, "standard input", most);
    }
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return open_error(path, errno);
    }
    return read_all(file.get(), path, most);
}

Result<std::string> first_line_of(const std::string& path) {
    auto text = read_file(path, kMaxSecretBytes);
    if (text) {
        text->erase(std::min(text->find_first_of("\r\n"), text->size()));
    }
    return text;
}

Status write_file(const std::string& path, std::string_view text) {
    constexpr mode_t kMode = 0644;
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
    if (!file) {
        return open_error(path, errno);
    }
    while (!text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return system_error("writing " + path, errno);
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return {};
}

}  // namespace cxedge::ctl
