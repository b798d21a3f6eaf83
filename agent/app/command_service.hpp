// SPDX-License-Identifier: Apache-2.0
// Commands of operations in the running agent: from the uplink's thread to main's, where the desk
// judges and runs them, and back as events through lane 0. Thread: main's, unless it says so.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/app/event_inbox.hpp"
#include "agent/app/ingest_thread.hpp"
#include "agent/app/options.hpp"
#include "agent/app/sink.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/remote/command_desk.hpp"

namespace cxedge::app {

class HistoryService;

// What operations work with; all outlive the service.
struct CommandSurroundings {
    EventLoop& loop;
    const Clock& clock;
    const config::AgentConfig& config;
    const Places& places;
    telemetry::HealthBoard& board;
    Sink& main;
    IngestThread& ingest;
    EventInbox& inbox;
    HistoryService* history;                               // null: none is kept
    std::function<void()> restart;                         // ends this process; the next one begins
    std::function<std::vector<remote::PublicKey>()> keys;  // that hold now
};

// Every operation that this version has, by name. A further one is a further line there.
std::map<std::string, remote::CommandOperation> command_operations(const CommandSurroundings& around
);

// What `collect_diag` tells: one JSON object of at most remote::kMaxResultBytes, without any
// secret.
std::string collected_diagnosis(const CommandSurroundings& around);

class CommandService {
public:
    // unavailable: the journal cannot be had; then no command is taken. Takes up what the process
    // before left.
    static Result<std::unique_ptr<CommandService>> start(CommandSurroundings around);
    CommandService(const CommandService&) = delete;
    CommandService& operator=(const CommandService&) = delete;
    ~CommandService() = default;

    void receive(std::string_view payload, bool retained, remote::CommandDelivery delivery);
    // Once a second; `unread`: so many more came since than could be taken.
    void tick(std::uint64_t unread);

private:
    explicit CommandService(CommandSurroundings around) : around_(std::move(around)) {}

    CommandSurroundings around_;
    std::unique_ptr<remote::CommandDesk> desk_;
};

}  // namespace cxedge::app
