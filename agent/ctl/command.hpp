// SPDX-License-Identifier: Apache-2.0
// cxctl cmd: signs a command, sends it, and waits for what becomes of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/model/event.hpp"
#include "agent/remote/signing.hpp"
#include "agent/wire/command.hpp"
#include "agent/wire/topics.hpp"

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
    [[nodiscard]] const std::string& id() const { return id_; }
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

// Sends commands to one node and waits for what becomes of them. The connection stays. Thread: one.
class CommandChannel {
public:
    using Note = std::function<void(const std::string& text)>;
    struct Parts {
        uplink::Broker& broker;
        const Clock& clock;
        Note note;
        // Waits so long; true: the user wants to stop.
        std::function<bool(std::chrono::milliseconds)> stopped;
    };
    // invalid_argument, not_found: the node's name, the key's file or the connection is wrong. What
    // `parts` refers to outlives it.
    static Result<std::unique_ptr<CommandChannel>> open(const CommandOptions& options, Parts parts);
    CommandChannel(const CommandChannel&) = delete;
    CommandChannel& operator=(const CommandChannel&) = delete;
    ~CommandChannel();

    // The story so far when the wait is over, finished or not. Errors: it cannot be signed.
    Result<CommandStory> ask(const wire::Command& command, std::chrono::duration<double> wait);

private:
    CommandChannel(Parts parts, remote::SigningKey key, wire::Topics topics);
    void hear_batch(std::string_view payload);
    void send();

    Parts parts_;
    remote::SigningKey key_;
    wire::Topics topics_;
    std::unique_ptr<BrokerLink> link_;
    std::string payload_;  // to be sent once there is a connection
    std::uint32_t expiry_s_ = 0;
    CommandStory story_{""};
    bool was_sent_ = false;
};

// Status: 0 it succeeded, 1 it failed, expired or was rejected, 3 no outcome within the wait.
ExitCode run_command(const CommandOptions& options);

}  // namespace cxedge::ctl
