// SPDX-License-Identifier: Apache-2.0
#include "agent/app/agent.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/core.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/app/notify.hpp"
#include "agent/app/plugin_table.hpp"
#include "agent/app/ring_directory.hpp"
#include "agent/base/version.hpp"

namespace cxedge::app {
namespace {

constexpr std::chrono::milliseconds kControlTick{1000};
constexpr std::chrono::milliseconds kStopSources{4000};
constexpr std::chrono::milliseconds kDrain{5000};
// From SIGTERM, sources and draining together: with goodbyes 10 s are promised.
constexpr std::chrono::milliseconds kStop{9000};
}  // namespace

Result<std::unique_ptr<Agent>> Agent::start(
    config::Loaded loaded, const Places& places, TwinDriver& twin
) {
    auto agent = std::unique_ptr<Agent>(new Agent(std::move(loaded), places, twin));
    for (const auto step :
         {&Agent::open_sinks,
          &Agent::open_history,
          &Agent::start_threads,
          &Agent::serve_control,
          &Agent::follow_twin}) {
        if (const Status done = (agent.get()->*step)(); !done) {
            return done.error();
        }
    }
    return agent;
}

Agent::Agent(config::Loaded loaded, Places places, TwinDriver& twin)
    : loaded_(std::move(loaded)), places_(std::move(places)), twin_(twin) {
    watch_signals();
}

// Signals are blocked before any thread exists, so that only the descriptor sees them.
void Agent::watch_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    signal_watch_ = loop_.when_readable(signals_.get(), [this] { loop_.stop(); });
}

// Without tmpfs all works as well; what is not yet on disk then dies with the process.
std::string Agent::ring_path(const std::string& name) {
    if (ring_dir_.empty()) {
        auto made = make_ring_directory(places_);
        if (!made) {
            no_files_why_ = made.error().message + "; what is not yet on disk is in memory only";
            return {};
        }
        ring_dir_ = std::move(*made);
    }
    return ring_dir_ + "/" + name;
}

Status Agent::open_sink(const SinkPlaces& places, const config::SpoolConfig& config) {
    auto sink = Sink::open(places, config, clock_, first_events_);
    if (!sink) {
        return sink.error();
    }
    sinks_.push_back(std::move(*sink));
    return {};
}

Status Agent::open_sinks() {
    Status opened = open_sink(
        {places_.state_dir, ring_path("sealed.ring"), places_.fallback_dir}, loaded_.config.spool
    );
    for (const config::SinkConfig& sink : loaded_.config.sinks) {
        config::SpoolConfig config = loaded_.config.spool;
        config.max_mib = sink.max_mib;
        config.drop_when_full = true;  // it must not hold up the main one
        const std::string below = "/sink-" + sink.name;
        const Status further = open_sink(
            {places_.state_dir + below,
             ring_path("sealed-" + sink.name + ".ring"),
             places_.fallback_dir + below},
            config
        );
        opened = opened ? further : opened;
    }
    return opened;
}

Status Agent::open_history() {
    if (loaded_.config.history.enabled) {
        history_ = std::make_unique<HistoryService>(HistoryService::Parts{
            loaded_.config,
            places_.state_dir,
            ring_path("history.stash"),
            *sinks_.front(),
            clock_,
            loop_});
    }
    return {};
}

// The main one first, as in sinks_.
Result<std::vector<uplink::UplinkOptions>> Agent::all_uplink_options() const {
    std::vector<uplink::UplinkOptions> all;
    std::vector<const config::UplinkConfig*> configs{&loaded_.config.uplink};
    for (const config::SinkConfig& sink : loaded_.config.sinks) {
        configs.push_back(&sink);
    }
    for (const config::UplinkConfig* config : configs) {
        auto options = uplink_options(loaded_.config, *config);
        if (!options) {
            return options.error();
        }
        all.push_back(std::move(*options));
    }
    return all;
}

std::vector<SinkFeed> Agent::feeds() {
    std::vector<SinkFeed> feeds{{sinks_.front().get(), {}}};
    for (std::size_t i = 0; i < loaded_.config.sinks.size(); ++i) {
        feeds.push_back({sinks_.at(i + 1).get(), outlet_filter(loaded_.config.sinks.at(i))});
    }
    return feeds;
}

std::vector<NamedSink> Agent::named_sinks() const {
    std::vector<NamedSink> named{{{}, sinks_.front().get()}};
    for (std::size_t i = 0; i < loaded_.config.sinks.size(); ++i) {
        named.push_back({loaded_.config.sinks.at(i).name, sinks_.at(i + 1).get()});
    }
    return named;
}

Status Agent::start_threads() {
    auto options = all_uplink_options();
    if (!options) {
        return options.error();
    }
    listen_for_twin(options->front());
    const store::History* history = history_ ? &history_->history() : nullptr;
    const HealthReport report(options->front().identity, named_sinks(), clock_, history);
    Event started;
    started.name = "agent.started";
    started.subject = options->front().identity.node;
    started.text = "cxedge " + std::string(version());
    first_events_.push_back(std::move(started));
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
        // A lesser sink that hangs must not stop the agent: only the main one feeds the watchdog.
        auto identity = i == 0 ? make_identity(options->front()) : nullptr;
        sinks_[i]->start(
            std::move(options->at(i)), clock_, i == 0 ? &watchdog_ : nullptr, std::move(identity)
        );
    }
    auto ingest = IngestThread::start(
        {loaded_.config,
         plugin_table(),
         places_.plugin_dir,
         ring_path("journal"),
         no_files_why_,
         feeds(),
         clock_,
         board_,
         watchdog_,
         inbox_,
         report,
         history_ ? &history_->history() : nullptr},
        std::move(first_events_)
    );
    if (!ingest) {
        return ingest.error();
    }
    ingest_ = std::move(*ingest);
    return {};
}

// Without its socket the agent still does its work; cxctl will say that nobody answers.
Status Agent::serve_control() {
    const std::string path = control_socket_path(loaded_.config, places_);
    std::map<std::string, control::Operation> operations;
    operations["status"] = [this](std::string_view, const control::Respond& respond) {
        respond(control::status_answer(board_.latest()));
    };
    operations["flush"] = [this](std::string_view request, control::Respond respond) {
        answer_flush(request, std::move(respond));
    };
    if (history_) {
        history_->add_operations(*ingest_, operations);
    }
    auto server = control::ControlServer::listen(loop_, path, std::move(operations));
    if (server) {
        control_ = std::move(*server);
    } else {
        log::error("control", server.error().message);
    }
    return {};
}

void Agent::feed_watchdog() {
    if (watchdog_.due()) {
        notify_watchdog();
    }
}

Ending Agent::run() {
    control_tick_ = loop_.every(kControlTick, [this] {
        keep_ring_id(places_, ring_dir_);
        if (history_) {
            history_->tick(*ingest_);
        }
        watchdog_.tick(telemetry::Ticker::control);
        twin_.tick();
    });
    if (const auto period = watchdog_period(); period.count() > 0) {
        watchdog_timer_ = loop_.every(period, [this] { feed_watchdog(); });
    }
    tell_ready();
    log::info(
        "agent",
        fmt::format("cxedge {} running, {} sources", version(), loaded_.config.sources.size())
    );
    loop_.run();
    stop();
    return ending_;
}

// Each has a thread of its own that sends: one patience for all.
void Agent::stop_sinks(SteadyTime deadline) {
    for (const auto& sink : sinks_) {
        sink->drain(deadline);
    }
    for (const auto& sink : sinks_) {
        sink->ask_to_stop();
    }
    for (const auto& sink : sinks_) {
        sink->stop();
    }
}

void Agent::stop() {
    const bool final = ending_ == Ending::stopped;
    if (final) {
        notify_stopping();
    }
    const SteadyTime deadline = clock_.steady_now() + kStop;
    log::info(
        "agent",
        final ? "stopping: closing windows, sending what is left" : "starting again: all is kept"
    );
    ingest_->stop(
        kStopSources,
        final ? IngestThread::Ending::close_windows : IngestThread::Ending::keep_journal
    );
    if (history_) {
        history_->close();
    }
    const SteadyTime now = clock_.steady_now();
    stop_sinks(final ? std::min(deadline, now + kDrain) : now);
    // Last: it waits for a check that may take longer than systemd's patience; all is kept by now.
    twin_.leave();
    tell_totals(*sinks_.front());
}

}  // namespace cxedge::app
