// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/interrupted_calls.hpp"

#include <csignal>

#include <sys/syscall.h>
#include <unistd.h>

namespace cxedge::uplink {
namespace {

// Not ignored, or the call would just go on; without SA_RESTART for the same reason.
void catch_signal(int number) {
    struct sigaction action {};
    action.sa_handler = [](int /*number*/) {
    };
    sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
}

timespec to_timespec(std::chrono::milliseconds duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    timespec out{};
    out.tv_sec = static_cast<time_t>(seconds.count());
    out.tv_nsec = static_cast<long>(std::chrono::nanoseconds(duration - seconds).count());
    return out;
}

}  // namespace

InterruptedCalls::InterruptedCalls(std::chrono::milliseconds period) {
    if (period <= std::chrono::milliseconds(0)) {
        return;
    }
    catch_signal(SIGRTMIN);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN;
    // glibc has no public name for it before 2.38.
    event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
    timer_t timer{};
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        return;
    }
    timer_ = timer;
    const itimerspec times{to_timespec(period), to_timespec(period)};
    ::timer_settime(timer, 0, &times, nullptr);
}

InterruptedCalls::~InterruptedCalls() {
    if (timer_) {
        ::timer_delete(*timer_);
    }
}

}  // namespace cxedge::uplink
