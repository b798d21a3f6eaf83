// SPDX-License-Identifier: Apache-2.0
// The running agent: builds the stages, owns the threads, stops them in order
// (sources -> windows -> spool -> uplink).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/app/command_service.hpp"
#include "agent/app/config_change.hpp"
#include "agent/app/document_inbox.hpp"
#include "agent/app/event_inbox.hpp"
#include "agent/app/history_service.hpp"
#include "agent/app/ingest_thread.hpp"
#include "agent/app/options.hpp"
#include "agent/app/sink.hpp"
#include "agent/app/twin_driver.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/config/load.hpp"
#include "agent/control/control.hpp"

namespace cxedge::app {

// Why run() came back: a signal, or a configuration that a new process has to begin with.
enum class Ending { stopped, restart };

class Agent {
public:
    // Starts collecting and sending. The error says what keeps it from running at all; a source
    // that cannot run, or a state directory that cannot be used, does not: they are reported and
    // the rest works.
    // `twin` outlives it.
    static Result<std::unique_ptr<Agent>> start(
        config::Loaded loaded, const Places& places, TwinDriver& twin
    );
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent();

    // Serves cxctl and signals until SIGTERM or SIGINT, or until the twin wants another process;
    // then stops everything. Thread: main's.
    Ending run();

private:
    Agent(config::Loaded loaded, Places places, TwinDriver& twin);
    std::string ring_path(const std::string& name);
    Status open_sink(const SinkPlaces& places, const config::SpoolConfig& config);
    Status open_sinks();
    Status open_history();
    [[nodiscard]] Result<std::vector<uplink::UplinkOptions>> all_uplink_options() const;
    std::vector<SinkFeed> feeds();
    [[nodiscard]] std::vector<NamedSink> named_sinks() const;
    // Of the main sink, whose options it completes.
    std::unique_ptr<Identity> make_identity(uplink::UplinkOptions& options);
    void listen_for_commands(uplink::UplinkOptions& options);
    void take_command(const uplink::InboundCommand& command, SteadyTime until);
    void tick_commands();
    Status take_commands();
    void offer_first_desired();
    Status start_threads();
    Status serve_control();
    void listen_for_twin(uplink::UplinkOptions& options);
    void note_document(const std::string& topic, std::string_view payload);
    void receive_documents();
    Status follow_twin();
    void restart();
    void become(config::Loaded next, const ConfigChange& change, std::function<void()> done);
    Status renew_uplink();
    void tell_ready() const;
    void answer_flush(std::string_view request, control::Respond respond);
    void watch_flush(const control::Respond& respond, SteadyTime deadline);
    void answer_flushes();
    void watch_signals();
    void feed_watchdog();
    void stop_sinks(SteadyTime deadline);
    void tell_totals(const Sink& main) const;
    void stop();

    config::Loaded loaded_;  // what runs
    Places places_;
    TwinDriver& twin_;
    Ending ending_ = Ending::stopped;
    SystemClock clock_;
    std::string ring_dir_;      // on tmpfs
    std::string no_files_why_;  // why there is none
    EventInbox inbox_;          // outlives the sinks' threads
    DocumentInbox documents_;   // likewise
    std::vector<std::unique_ptr<Sink>> sinks_;
    std::unique_ptr<HistoryService> history_;  // null: none is kept
    std::vector<Event> first_events_;          // what starting up had to do
    telemetry::HealthBoard board_;
    telemetry::WatchdogFeed watchdog_;
    std::unique_ptr<IngestThread> ingest_;
    EventLoop loop_;  // control's
    static constexpr int kMaxCommandsWaiting = 64;
    std::atomic<int> commands_waiting_{0};           // between the uplink's thread and this one
    std::atomic<std::uint64_t> commands_unread_{0};  // there were too many
    std::unique_ptr<CommandService> commands_;
    LoopHandle command_tick_;
    std::unique_ptr<control::ControlServer> control_;
    UniqueFd signals_;
    LoopHandle signal_watch_;
    LoopHandle watchdog_timer_;
    LoopHandle control_tick_;
    LoopHandle drain_poll_;
    struct Flush {
        control::Respond respond;
        SteadyTime deadline;
    };
    std::vector<Flush> flushes_;  // asked for, not yet answered
};

}  // namespace cxedge::app
