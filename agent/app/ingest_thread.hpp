// SPDX-License-Identifier: Apache-2.0
// The thread that collects: sources, pipeline, batches, spool appends. Everything in it lives on
// one event loop.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <thread>

#include "agent/app/data_path.hpp"
#include "agent/app/event_inbox.hpp"
#include "agent/app/health_report.hpp"
#include "agent/app/sink.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/ingest/supervisor.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::app {

// A sink and what it gets.
struct SinkFeed {
    Sink* sink = nullptr;
    OutletFilter filter;
};

class IngestThread {
public:
    struct Parts {
        const config::AgentConfig& config;  // of the start: may be another one later
        const std::vector<PluginInfo>& plugins;
        std::string plugin_dir;
        std::string journal_file;
        std::string no_files_why;  // why that is empty
        std::vector<SinkFeed> sinks;
        const Clock& clock;
        telemetry::HealthBoard& board;
        telemetry::WatchdogFeed& watchdog;
        EventInbox& inbox;
        HealthReport report;
        store::History* history = nullptr;  // null: none is kept
    };
    // References outlive the thread. corrupt: a spool's definitions do not parse.
    static Result<std::unique_ptr<IngestThread>> start(
        Parts parts, std::vector<Event> first_events
    );
    IngestThread(const IngestThread&) = delete;
    IngestThread& operator=(const IngestThread&) = delete;
    ~IngestThread();

    // Until `ttl` is over the metrics (a glob) are sent every so often, whatever their windows.
    // `done` gets how many series these are now. Thread: any; calls back on this one.
    struct Live {
        std::string metric;
        std::chrono::milliseconds every;
        std::chrono::milliseconds ttl;
    };
    void live(const Live& wish, std::function<void(std::size_t)> done);
    // Likewise once, now.
    void snapshot(const std::string& metric, std::function<void(std::size_t)> done);
    // Thread: any; calls back on this one.
    void restart_source(const std::string& name, std::function<void(const Status&)> done);
    // See Supervisor::change(); health has it when this calls back. Thread: any; likewise.
    void change_sources(ingest::SourceChange change, std::function<void()> done);
    // Stores what is gathered, publishes health, then calls back on this thread. Thread: any.
    void flush(std::function<void()> done);
    // An event of the agent's own. Thread: any.
    void tell(Event event);
    // Sends samples of the history once more, then calls back on this thread. Thread: any.
    void replay(
        std::vector<ReplayedSample> samples,
        std::uint64_t id,
        std::function<void(const Status&)> done
    );
    // What is open at the end: windows are closed and everything is stored, or all stays in the
    // journal, where a process that follows at once finds it.
    enum class Ending { close_windows, keep_journal };
    // Stops sources first; waits at most `patience`. Thread: the owner's.
    void stop(std::chrono::milliseconds patience, Ending ending);

private:
    struct Beginning {
        std::vector<Event> events;
        std::vector<ingest::SourceSpec> sources;
        std::chrono::milliseconds heartbeat;
        BoxName box;
    };
    explicit IngestThread(Parts parts);
    [[nodiscard]] Beginning beginning(std::vector<Event> first_events) const;
    void begin(const Beginning& with);
    void tick();
    void publish_health();
    void emit_heartbeat();
    void begin_stop();
    void finish_when_stopped(BootTime deadline, Ending ending);
    std::size_t begin_live(const Live& wish);

    Parts parts_;
    EventLoop loop_;
    std::unique_ptr<DataPath> path_;
    std::unique_ptr<ingest::Supervisor> supervisor_;
    LoopHandle tick_;
    LoopHandle health_;
    LoopHandle heartbeat_;
    telemetry::Health told_;  // at the last heartbeat
    LoopHandle stopping_;
    struct LiveTimers {
        LoopHandle tick;
        LoopHandle end;
    };
    std::map<std::string, LiveTimers> live_;  // by metric
    std::promise<void> stopped_;
    std::thread thread_;
};

}  // namespace cxedge::app
