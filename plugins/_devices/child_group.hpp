// SPDX-License-Identifier: Apache-2.0
// A program in a process group of its own, so that what it starts ends with it. Thread: the loop's.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::devices {

class ChildGroup {
public:
    // Looks for the program in PATH if it is named without '/'. not_found: there is none;
    // unavailable: it cannot be run (now).
    static Result<ChildGroup> start(const std::vector<std::string>& command);
    ChildGroup(ChildGroup&& other) noexcept;
    ChildGroup& operator=(ChildGroup&& other) noexcept;
    ChildGroup(const ChildGroup&) = delete;
    ChildGroup& operator=(const ChildGroup&) = delete;
    // Kills what is left of the group and reaps its leader.
    ~ChildGroup();

    // Not blocking.
    [[nodiscard]] int output() const { return output_.get(); }
    [[nodiscard]] int errors() const { return errors_.get(); }
    // Readable when the leader has ended; -1 if the kernel does not know that (before 5.3).
    [[nodiscard]] int end_watch() const { return end_watch_.get(); }
    [[nodiscard]] pid_t pid() const { return pid_; }

    [[nodiscard]] bool has_ended() const;
    void ask_to_end() const;  // SIGTERM to all
    // Waits up to `patience` for the leader; then kills the group. Returns how it ended, e.g.
    // "ended with status 3".
    struct End {
        bool well = false;  // status 0
        std::string how;
    };
    End finish(std::chrono::milliseconds patience);

private:
    ChildGroup(pid_t pid, UniqueFd output, UniqueFd errors);

    pid_t pid_ = -1;
    UniqueFd output_;
    UniqueFd errors_;
    UniqueFd end_watch_;
};

}  // namespace cxedge::devices
