// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/child_group.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cxedge::devices {
namespace {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return system_error("pipe", errno);
    }
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What the child needs, prepared before the fork: after it only calls that signals may make.
struct Launch {
    std::vector<std::string> words;
    std::vector<char*> argv;
    Pipe output;
    Pipe errors;
    Pipe failure;  // errno of what went wrong before the program ran
    UniqueFd input;
};

Result<Launch> prepare(const std::vector<std::string>& command) {
    Result<Pipe> output = make_pipe();
    Result<Pipe> errors = make_pipe();
    Result<Pipe> failure = make_pipe();
    UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!output || !errors || !failure || !input) {
        return unavailable("there are no descriptors left");
    }
    Launch launch{
        command, {}, std::move(*output), std::move(*errors), std::move(*failure), std::move(input)};
    for (std::string& word : launch.words) {
        launch.argv.push_back(word.data());
    }
    launch.argv.push_back(nullptr);
    return launch;
}

// Above the standard ones, or dup2() onto itself would leave it close-on-exec.
int above_standard(int fd) {
    return ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

void reset_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &usual, nullptr);
}

// In the child. Returns only if the program cannot be run.
void become(const Launch& launch, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) {
        ::_exit(1);  // it died before we asked to be told
    }
    const int input = above_standard(launch.input.get());
    const int output = above_standard(launch.output.write.get());
    const int errors = above_standard(launch.errors.write.get());
    if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
        ::dup2(errors, STDERR_FILENO) >= 0) {
        reset_signals();
        ::execvp(launch.argv.front(), launch.argv.data());
    }
}

void tell_failure(int fd) {
    const int why = errno;
    const ssize_t told = ::write(fd, &why, sizeof why);
    ::_exit(told == sizeof why ? 127 : 126);
}

// 0: the program runs.
int failure_of(const UniqueFd& failure) {
    int why = 0;
    ssize_t got = 0;
    do {
        got = ::read(failure.get(), &why, sizeof why);
    } while (got < 0 && errno == EINTR);
    return got == sizeof why ? why : 0;
}

void set_not_blocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void reap(pid_t pid) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

ChildGroup::End end_of(int status) {
    if (WIFEXITED(status)) {
        return {WEXITSTATUS(status) == 0, fmt::format("ended with status {}", WEXITSTATUS(status))};
    }
    return {false, fmt::format("ended by signal {}", WIFSIGNALED(status) ? WTERMSIG(status) : 0)};
}

}  // namespace

ChildGroup::ChildGroup(pid_t pid, UniqueFd output, UniqueFd errors)
    : pid_(pid),
      output_(std::move(output)),
      errors_(std::move(errors)),
      end_watch_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    set_not_blocking(output_.get());
    set_not_blocking(errors_.get());
}

Result<ChildGroup> ChildGroup::start(const std::vector<std::string>& command) {
    Result<Launch> launch = prepare(command);
    if (!launch) {
        return launch.error();
    }
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return system_error("fork", errno);
    }
    if (pid == 0) {
        become(*launch, parent);
        tell_failure(launch->failure.write.get());
    }
    ::setpgid(pid, pid);  // whoever is first
    launch->failure.write.reset();
    if (const int why = failure_of(launch->failure.read); why != 0) {
        reap(pid);
        const Error error = system_error(command.front(), why);
        return why == ENOENT ? not_found(error.message) : error;
    }
    return ChildGroup(pid, std::move(launch->output.read), std::move(launch->errors.read));
}

ChildGroup::ChildGroup(ChildGroup&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      end_watch_(std::move(other.end_watch_)) {}

ChildGroup& ChildGroup::operator=(ChildGroup&& other) noexcept {
    if (this != &other) {
        finish(std::chrono::milliseconds(0));
        pid_ = std::exchange(other.pid_, -1);
        output_ = std::move(other.output_);
        errors_ = std::move(other.errors_);
        end_watch_ = std::move(other.end_watch_);
    }
    return *this;
}

ChildGroup::~ChildGroup() {
    finish(std::chrono::milliseconds(0));
}

// Leaves it to be reaped: its number names the group until then.
bool ChildGroup::has_ended() const {
    siginfo_t info{};
    const int kind = WEXITED | WNOHANG | WNOWAIT;
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, kind) == 0 && info.si_pid == pid_;
}

void ChildGroup::ask_to_end() const {
    ::kill(-pid_, SIGTERM);
}

ChildGroup::End ChildGroup::finish(std::chrono::milliseconds patience) {
    if (pid_ < 0) {
        return {};
    }
    constexpr std::chrono::milliseconds kStep{20};
    for (auto left = patience; left.count() > 0 && !has_ended(); left -= kStep) {
        // Without an end to watch (-1) it is only the pause.
        pollfd ended{end_watch_.get(), POLLIN, 0};
        ::poll(&ended, 1, static_cast<int>(kStep.count()));
    }
    ::kill(-pid_, SIGKILL);
    const pid_t pid = std::exchange(pid_, -1);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return end_of(status);
}

}  // namespace cxedge::devices
