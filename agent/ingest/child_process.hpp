// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <sys/types.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::ingest {

// A plugin process and our end of its socket. Killed and reaped at destruction.
class ChildProcess {
public:
    // Starts `executable` with the other end of a SEQPACKET socketpair as descriptor 3, in its own
    // process group and with no signal blocked. not_found: no such file; unavailable: anything
    // else.
    static Result<ChildProcess> spawn(const std::string& executable);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int socket() const { return socket_.get(); }
    // False when the frame could not be sent now (peer gone, or its queue is full).
    bool send(const std::string& frame);
    // SIGKILL, then waits for the end and says how it ended: "exited with status 65", "killed by
    // signal 9 (Killed)".
    std::string finish();

private:
    ChildProcess(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}

    pid_t pid_ = -1;
    UniqueFd socket_;
};

}  // namespace cxedge::ingest
