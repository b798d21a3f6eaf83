// SPDX-License-Identifier: Apache-2.0
// A real child process with its output read line by line; killed and reaped with the object.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {

class Process {
public:
    // Standard output and standard error both come to lines(). Throws when it cannot be started.
    explicit Process(const std::vector<std::string>& command);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;
    // Exit status, or 128 + signal; kills after `patience` and then returns 128 + SIGKILL.
    int wait(std::chrono::milliseconds patience);

    // The next line of output, without its newline; nothing at the end of output or after
    // `patience`.
    std::optional<std::string> line(std::chrono::milliseconds patience);
    // Reads on until a line satisfies `wanted` and returns it; nothing if none does in time.
    std::optional<std::string> line_where(
        const std::function<bool(const std::string&)>& wanted, std::chrono::milliseconds patience
    );
    std::optional<std::string> line_with(
        const std::string& text, std::chrono::milliseconds patience
    );
    // Everything until the end of output.
    std::string rest(std::chrono::milliseconds patience);

private:
    bool fill(std::chrono::steady_clock::time_point deadline);

    pid_t pid_ = -1;
    UniqueFd output_;
    std::string buffer_;
    std::optional<int> status_;
};

// Runs to its end and returns status and output.
struct Finished {
    int status = 0;
    std::string output;
};
Finished run(
    const std::vector<std::string>& command,
    std::chrono::milliseconds patience = std::chrono::seconds(30)
);

}  // namespace cxedge::test
