// SPDX-License-Identifier: Apache-2.0
// cxctl cmd: signs a command, sends it, and waits for what becomes of it.
#pragma once

#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/model/event.hpp"
#include "agent/wire/command.hpp"

namespace cxedge::ctl {

struct CommandOptions {
    ConnectionOptions connection;
    std::string node;  // tenant/site/node
    std::string op;
    std::vector<std::string> args;  // key=value
    std::string sign_key_file;
    std::uint32_t ttl_s = 300;
    std::uint32_t max_run_s = 60;
    double wait_s = 30;
    bool json = false;
};

// invalid_argument: the node's name or an argument is none.
Result<wire::Command> command_from(const CommandOptions& options, WallTime now);

// Gathers what a node tells of one command. Thread: one.
class CommandStory {
public:
    explicit CommandStory(std::string id) : id_(std::move(id)) {}

    // True when there is something new: a state, or the whole result.
    bool hear(const Event& event);
    [[nodiscard]] const std::string& state() const { return state_; }
    // Final, and all parts of the result are here.
    [[nodiscard]] bool finished() const { return finished_; }
    [[nodiscard]] std::string detail() const;

private:
    std::string id_;
    std::string state_;
    std::vector<std::string> parts_;
    bool finished_ = false;
};

// Status: 0 it succeeded, 1 it failed, expired or was rejected, 3 no outcome within the wait.
ExitCode run_command(const CommandOptions& options);

}  // namespace cxedge::ctl
