// SPDX-License-Identifier: Apache-2.0
// A program that is run to its end and says something, without waiting for it. Thread: the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/event_loop.hpp"
#include "agent/base/result.hpp"

namespace cxedge::app {

class ProgramRun {
public:
    struct End {
        int status = 0;      // of exit(3)
        std::string output;  // standard output and error, as far as `most_output` goes
    };
    // unavailable: it did not end in its time, and was killed, or a signal ended it.
    using Done = std::function<void(const Result<End>&)>;
    struct Order {
        std::string program;  // path
        std::vector<std::string> arguments;
        std::chrono::milliseconds most_time;
        std::size_t most_output;
    };

    // `done` comes once, from the loop, where this object may be destroyed; destroying it earlier
    // kills the program. unavailable: it could not be started.
    static Result<std::unique_ptr<ProgramRun>> start(EventLoop& loop, Order order, Done done);
    ProgramRun(const ProgramRun&) = delete;
    ProgramRun& operator=(const ProgramRun&) = delete;
    ~ProgramRun();

private:
    class Child;
    explicit ProgramRun(std::unique_ptr<Child> child);
    std::unique_ptr<Child> child_;
};

}  // namespace cxedge::app
