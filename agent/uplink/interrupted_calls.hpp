// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include <time.h>  // NOLINT(modernize-deprecated-headers): POSIX time(2)

namespace cxedge::uplink {

// While it lives, a system call that blocks the calling thread is given up with EINTR after each
// `period`: for a library that offers no timeout of its own and takes a failed call as reason to
// try the next address. Uses signal SIGRTMIN, which nothing else here does. Thread: the one that
// made it. Zero, or a kernel that refuses a timer: nothing is interrupted.
class InterruptedCalls {
public:
    explicit InterruptedCalls(std::chrono::milliseconds period);
    InterruptedCalls(const InterruptedCalls&) = delete;
    InterruptedCalls& operator=(const InterruptedCalls&) = delete;
    ~InterruptedCalls();

private:
    std::optional<timer_t> timer_;
};

}  // namespace cxedge::uplink
