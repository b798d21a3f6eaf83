// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/terminal.hpp"

#include <cerrno>
#include <string>

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX, not in <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace cxedge::ctl {
namespace {

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool write_out(std::string_view text) {
    return write_all(STDOUT_FILENO, text);
}

void note(std::string_view text) {
    write_all(STDERR_FILENO, "cxctl: " + std::string(text) + "\n");
}

ExitCode fail(const Error& error) {
    note(error.message);
    return exit_code_of(error);
}

Result<StopSignal> StopSignal::create() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    const int failed = ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    if (failed != 0) {
        return system_error("blocking signals", failed);
    }
    struct sigaction ignore {};
    ignore.sa_handler =
        SIG_IGN;  // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): the macro's cast
    ::sigaction(SIGPIPE, &ignore, nullptr);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) {
        return system_error("signalfd", errno);
    }
    return StopSignal(std::move(fd));
}

bool StopSignal::within(std::chrono::milliseconds timeout) {
    if (!stopped_) {
        pollfd entry{fd_.get(), POLLIN, 0};
        stopped_ = ::poll(&entry, 1, static_cast<int>(timeout.count())) > 0;
    }
    return stopped_;
}

}  // namespace cxedge::ctl
