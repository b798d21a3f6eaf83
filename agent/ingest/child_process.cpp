// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/spawn.hpp"

namespace cxedge::ingest {
namespace {

constexpr int kLinkDescriptor = 3;

std::string describe_status(int status) {
    if (WIFEXITED(status)) {
        return fmt::format("exited with status {}", WEXITSTATUS(status));
    }
    if (WIFSIGNALED(status)) {
        return fmt::format(
            "killed by signal {} ({})", WTERMSIG(status), ::sigabbrev_np(WTERMSIG(status))
        );
    }
    return "ended";
}

// Already ended: its own status. Still running: ours to kill.
std::string reap(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
        return describe_status(status);
    }
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return describe_status(status);
}

}  // namespace

Result<ChildProcess> ChildProcess::spawn(const std::string& executable) {
    if (::access(executable.c_str(), X_OK) != 0) {
        return not_found(fmt::format(
            "{}: {}: is its package installed?", executable, std::generic_category().message(errno)
        ));
    }
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        return system_error("socketpair", errno);
    }
    UniqueFd ours(pair[0]);
    // Above 3, so that dup2 in the child makes a copy without close-on-exec.
    UniqueFd theirs(::fcntl(pair[1], F_DUPFD_CLOEXEC, kLinkDescriptor + 1));
    ::close(pair[1]);
    const auto pid = cxedge::spawn({executable, {}, {{theirs.get(), kLinkDescriptor}}, true});
    if (!pid) {
        return pid.error();
    }
    return ChildProcess(*pid, std::move(ours));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        finish();
        pid_ = std::exchange(other.pid_, -1);
        socket_ = std::move(other.socket_);
    }
    return *this;
}

ChildProcess::~ChildProcess() {
    finish();
}

bool ChildProcess::send(const std::string& frame) {
    return ::send(socket_.get(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

std::string ChildProcess::finish() {
    socket_.reset();
    const pid_t pid = std::exchange(pid_, -1);
    return pid > 0 ? reap(pid) : std::string("not running");
}

}  // namespace cxedge::ingest
