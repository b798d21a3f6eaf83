// SPDX-License-Identifier: Apache-2.0
// The history of a running agent: its work once a second, its alarms, its answers to cxctl.
// Thread: control, except for history().
#pragma once

#include <functional>
#include <map>
#include <string>

#include "agent/app/history_desk.hpp"
#include "agent/app/options.hpp"
#include "agent/app/sink.hpp"
#include "agent/app/storage_alarm.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/control/control.hpp"
#include "agent/control/history_messages.hpp"
#include "agent/store/history.hpp"

namespace cxedge::app {

class IngestThread;

class HistoryService {
public:
    struct Parts {
        const config::AgentConfig& config;
        std::string directory;
        std::string stash_file;  // on tmpfs; empty: none
        Sink& main;  // whose numbers the journal refers to, and who gets what is replayed
        const Clock& clock;
        EventLoop& loop;  // control's
    };
    // What `parts` refers to outlives it.
    explicit HistoryService(const Parts& parts);

    // What the ingest thread feeds.
    [[nodiscard]] store::History& history() { return history_; }
    // `ingest` outlives every call after this one.
    void add_operations(
        IngestThread& ingest, std::map<std::string, control::Operation>& operations
    );
    // A page as control::history_answer() of at most so many bytes, with fewer values than asked
    // for if need be. Errors as HistoryDesk::answer(); exhausted: even the least page has more.
    Result<std::string> page(const HistoryQuery& asked, std::size_t most_bytes);
    // Sends a page once more; `done` is called on the loop. Nothing is done while too much of what
    // was replayed is still to be sent: ReplayProgress::wait.
    using Replayed = std::function<void(const Result<control::ReplayProgress>&)>;
    void replay(
        IngestThread& ingest, const HistoryQuery& query, std::uint64_t id, const Replayed& done
    );
    // Call once a second.
    void tick(IngestThread& ingest);
    // Writes what is sealed, at the end.
    void close();

private:
    void answer_query(std::string_view request, const control::Respond& respond);
    void answer_replay(
        IngestThread& ingest, std::string_view request, const control::Respond& respond
    );

    Sink& main_;
    EventLoop& loop_;
    store::History history_;
    HistoryDesk desk_;
    StorageAlarm alarm_{"history"};
};

}  // namespace cxedge::app
