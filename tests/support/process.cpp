// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace cxedge::test {
namespace {

int to_status(int raw) {
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

pid_t spawn(const std::vector<std::string>& command, int output) {
    std::vector<char*> argv;
    for (const std::string& word : command) {
        argv.push_back(const_cast<char*>(word.c_str())
        );  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    pid_t pid = -1;
    const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        throw std::runtime_error("cannot start " + command[0]);
    }
    return pid;
}

int remaining_ms(std::chrono::steady_clock::time_point deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

}  // namespace

Process::Process(const std::vector<std::string>& command) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2 failed");
    }
    output_.reset(pipe[0]);
    const UniqueFd theirs(pipe[1]);
    pid_ = spawn(command, theirs.get());
}

Process::~Process() {
    if (!status_) {
        signal(SIGKILL);
        signal(SIGCONT);
        ::waitpid(pid_, nullptr, 0);
    }
}

void Process::signal(int number) const {
    if (!status_) {
        ::kill(pid_, number);
    }
}

int Process::wait(std::chrono::milliseconds patience) {
    if (status_) {
        return *status_;
    }
    const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{handle.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(patience.count())) != 1) {
        ::kill(pid_, SIGKILL);
    }
    int raw = 0;
    ::waitpid(pid_, &raw, 0);
    status_ = to_status(raw);
    return *status_;
}

bool Process::fill(std::chrono::steady_clock::time_point deadline) {
    pollfd readable{output_.get(), POLLIN, 0};
    if (!output_ || ::poll(&readable, 1, remaining_ms(deadline)) != 1) {
        return false;
    }
    std::array<char, 65536> chunk{};
    const ssize_t got = ::read(output_.get(), chunk.data(), chunk.size());
    if (got <= 0) {
        output_.reset();
        return false;
    }
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
}

std::optional<std::string> Process::line(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::size_t end = buffer_.find('\n');
    while (end == std::string::npos) {
        if (!fill(deadline)) {
            return std::nullopt;
        }
        end = buffer_.find('\n');
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
}

std::optional<std::string> Process::line_where(
    const std::function<bool(const std::string&)>& wanted, std::chrono::milliseconds patience
) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (auto next = line(std::chrono::milliseconds(remaining_ms(deadline)))) {
        if (wanted(*next)) {
            return next;
        }
    }
    return std::nullopt;
}

std::optional<std::string> Process::line_with(
    const std::string& text, std::chrono::milliseconds patience
) {
    return line_where(
        [&](const std::string& line) { return line.find(text) != std::string::npos; }, patience
    );
}

std::string Process::rest(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (fill(deadline)) {
    }
    return std::exchange(buffer_, {});
}

Finished run(const std::vector<std::string>& command, std::chrono::milliseconds patience) {
    Process process(command);
    std::string output = process.rest(patience);
    return {process.wait(patience), std::move(output)};
}

}  // namespace cxedge::test
