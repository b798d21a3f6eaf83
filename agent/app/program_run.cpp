// SPDX-License-Identifier: Apache-2.0
#include "agent/app/program_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/spawn.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::app {
namespace {

// With nothing to read, and both outputs in one place.
Result<pid_t> spawn_order(const ProgramRun::Order& order, int output) {
    const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return spawn(
        {order.program,
         order.arguments,
         {{nothing.get(), STDIN_FILENO}, {output, STDOUT_FILENO}, {output, STDERR_FILENO}}}
    );
}

}  // namespace

class ProgramRun::Child {
public:
    Child(EventLoop& loop, Order order, Done done)
        : loop_(loop), order_(std::move(order)), done_(std::move(done)) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { end(); }

    Status begin() {
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
            return system_error("pipe", errno);
        }
        output_.reset(pipe[0]);
        const UniqueFd theirs(pipe[1]);
        ::fcntl(theirs.get(), F_SETFL, 0);  // a program expects to be waited for
        const auto pid = spawn_order(order_, theirs.get());
        if (!pid) {
            return pid.error();
        }
        pid_ = *pid;
        ended_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (!ended_) {
            return system_error("pidfd_open", errno);
        }
        reading_ = loop_.when_readable(output_.get(), [this] { read(); });
        ending_ = loop_.when_readable(ended_.get(), [this] { finish(); });
        deadline_ = loop_.after(order_.most_time, [this] { give_up(); });
        return {};
    }

private:
    void read() {
        std::array<char, 4096> bytes{};
        ssize_t got = 0;
        while ((got = ::read(output_.get(), bytes.data(), bytes.size())) > 0) {
            const std::size_t room = order_.most_output - text_.size();
            text_.append(bytes.data(), std::min(room, static_cast<std::size_t>(got)));
        }
        if (got == 0) {
            reading_.cancel();
        }
    }

    void finish() {
        read();
        const int status = end();
        const bool exited = WIFEXITED(status);
        tell(
            exited ? Result<End>(End{WEXITSTATUS(status), std::move(text_)})
                   : Result<End>(unavailable(
                         fmt::format("{} was ended by signal {}", order_.program, WTERMSIG(status))
                     ))
        );
    }

    void give_up() {
        end();
        tell(unavailable(fmt::format(
            "{} did not end within {} s", order_.program, order_.most_time.count() / 1000
        )));
    }

    // Kills what still runs; its wait status.
    int end() {
        reading_.cancel();
        ending_.cancel();
        deadline_.cancel();
        int status = 0;
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);  // one that has ended keeps the status it ended with
            while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
            }
            pid_ = -1;
        }
        return status;
    }

    // The last thing that is done here: whoever is told may destroy this.
    void tell(const Result<End>& end) {
        const Done done = std::move(done_);
        done(end);
    }

    EventLoop& loop_;
    const Order order_;
    Done done_;
    UniqueFd output_;
    UniqueFd ended_;
    LoopHandle reading_;
    LoopHandle ending_;
    LoopHandle deadline_;
    pid_t pid_ = -1;
    std::string text_;
};

Result<std::unique_ptr<ProgramRun>> ProgramRun::start(EventLoop& loop, Order order, Done done) {
    auto child = std::make_unique<Child>(loop, std::move(order), std::move(done));
    if (const Status begun = child->begin(); !begun) {
        return begun.error();
    }
    return std::unique_ptr<ProgramRun>(new ProgramRun(std::move(child)));
}

ProgramRun::ProgramRun(std::unique_ptr<Child> child) : child_(std::move(child)) {}
ProgramRun::~ProgramRun() = default;

}  // namespace cxedge::app
