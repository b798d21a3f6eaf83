// SPDX-License-Identifier: Apache-2.0
// Standard output and error, and the wish of the user to stop.
#pragma once

#include <chrono>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

// False when the reader is gone (`cxctl tail | head`) or the disk is full.
bool write_out(std::string_view text);
// "cxctl: text" and a newline on standard error.
void note(std::string_view text);
// note() of the message; returns the status to exit with.
ExitCode fail(const Error& error);

// SIGINT and SIGTERM as something to wait for. Make it before any thread starts: it blocks the
// signals for this thread and its children. It also makes a write to a closed pipe an error.
class StopSignal {
public:
    static Result<StopSignal> create();
    // Waits up to `timeout`; true once a signal came.
    [[nodiscard]] bool within(std::chrono::milliseconds timeout);

private:
    explicit StopSignal(UniqueFd fd) : fd_(std::move(fd)) {}

    UniqueFd fd_;
    bool stopped_ = false;
};

}  // namespace cxedge::ctl
