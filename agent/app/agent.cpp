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
#include "agent/app/version.hpp"

namespace cxedge::app {
namespace {

constexpr std::array<Lane, kLaneCount> kLanes{Lane::control, Lane::live, Lane::bulk};
constexpr std::chrono::milliseconds kControlTick{1000};
constexpr std::chrono::milliseconds kStopSources{4000};
constexpr std::chrono::milliseconds kDrain{5000};
constexpr std::chrono::milliseconds kFlushFallback{30000};
constexpr std::chrono::milliseconds kFlushLongest{86400000};
constexpr std::chrono::milliseconds kFlushPoll{20};
// In memory, on behalf of a state directory that cannot be used: small, and lost with a reboot.
constexpr std::uint64_t kDegradedBytes = 16U << 20U;

Event storage_event(std::string name, Severity severity, std::string text) {
    Event event;
    event.name = std::move(name);
    event.severity = severity;
    event.subject = "spool";
    event.text = std::move(text);
    return event;
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::start(const config::Loaded& loaded, const Places& places) {
    auto agent = std::unique_ptr<Agent>(new Agent(loaded, places));
    for (const auto step : {&Agent::open_spool, &Agent::start_threads, &Agent::serve_control}) {
        if (const Status done = (agent.get()->*step)(); !done) {
            return done.error();
        }
    }
    return agent;
}

Agent::Agent(const config::Loaded& loaded, Places places)
    : config_(loaded.config), places_(std::move(places)) {
    watch_signals();
}

Agent::~Agent() = default;

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

Status Agent::open_spool() {
    store::SpoolOptions options;
    options.directory = places_.state_dir;
    options.max_bytes = static_cast<std::uint64_t>(config_.spool.max_mib) << 20U;
    Result<std::unique_ptr<store::Spool>> spool = store::Spool::open(options, clock_);
    if (!spool) {
        const std::string why = spool.error().message;
        options.directory = places_.fallback_dir;
        options.max_bytes = std::min(options.max_bytes, kDegradedBytes);
        log::error(
            "store",
            fmt::format("{}; buffering in {} instead, lost at reboot", why, options.directory)
        );
        first_events_.push_back(storage_event("storage.degraded", Severity::major, why));
        spool = store::Spool::open(options, clock_);
        if (!spool) {
            return spool.error().during("opening the spool");
        }
    }
    spool_ = std::move(*spool);
    for (const std::string& repair : spool_->report().repairs) {
        log::warn("store", repair);
        first_events_.push_back(storage_event("storage.repaired", Severity::minor, repair));
    }
    return {};
}

Status Agent::start_threads() {
    Result<uplink::UplinkOptions> options = uplink_options(config_);
    if (!options) {
        return options.error();
    }
    const HealthReport::Identity identity{
        options->identity,
        config_.uplink.broker,
        static_cast<std::uint64_t>(config_.spool.max_mib) << 20U};
    const HealthReport report(identity, *spool_, clock_, [this] { return uplink_->status(); });
    Event started =
        storage_event("agent.started", Severity::info, "cxedge " + std::string(version()));
    started.subject = options->identity.node;
    first_events_.push_back(std::move(started));
    uplink_ = std::make_unique<UplinkThread>(std::move(*options), *spool_, clock_, watchdog_);
    Result<std::unique_ptr<IngestThread>> ingest = IngestThread::start(
        {config_, plugin_table(), places_.plugin_dir, *spool_, clock_, board_, watchdog_, report},
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
    const std::string path = control_socket_path(config_, places_);
    std::map<std::string, control::Operation> operations;
    operations["status"] = [this](std::string_view, const control::Respond& respond) {
        answer_status(respond);
    };
    operations["flush"] = [this](std::string_view request, control::Respond respond) {
        answer_flush(request, std::move(respond));
    };
    Result<std::unique_ptr<control::ControlServer>> server =
        control::ControlServer::listen(loop_, path, std::move(operations));
    if (server) {
        control_ = std::move(*server);
    } else {
        log::error("control", server.error().message);
    }
    return {};
}

void Agent::answer_status(const control::Respond& respond) {
    respond(control::status_answer(board_.latest()));
}

void Agent::answer_flush(std::string_view request, control::Respond respond) {
    const SteadyTime deadline =
        clock_.steady_now() + control::timeout_of(request, kFlushFallback, kFlushLongest);
    ingest_->flush([this, respond = std::move(respond), deadline] {
        loop_.post([this, respond, deadline] { watch_flush(respond, deadline); });
    });
}

void Agent::watch_flush(const control::Respond& respond, SteadyTime deadline) {
    flushes_.push_back({respond, deadline});
    drain_poll_ = loop_.every(kFlushPoll, [this] { answer_flushes(); });
}

bool Agent::drained() const {
    return std::all_of(kLanes.begin(), kLanes.end(), [this](Lane lane) {
        return spool_->status(lane).batches == 0;
    });
}

void Agent::answer_flushes() {
    const bool done = drained();
    const SteadyTime now = clock_.steady_now();
    std::erase_if(flushes_, [&](const Flush& flush) {
        if (!done && now < flush.deadline) {
            return false;
        }
        flush.respond(
            done ? control::ok_answer()
                 : control::error_answer("not everything was acknowledged in time")
        );
        return true;
    });
    if (flushes_.empty()) {
        drain_poll_.cancel();
    }
}

void Agent::feed_watchdog() {
    if (watchdog_.due()) {
        notify_watchdog();
    }
}

void Agent::run() {
    control_tick_ =
        loop_.every(kControlTick, [this] { watchdog_.tick(telemetry::Ticker::control); });
    if (const auto period = watchdog_period(); period.count() > 0) {
        watchdog_timer_ = loop_.every(period, [this] { feed_watchdog(); });
    }
    notify_ready(fmt::format("{} sources, broker {}", config_.sources.size(), config_.uplink.broker)
    );
    log::info(
        "agent", fmt::format("cxedge {} running, {} sources", version(), config_.sources.size())
    );
    loop_.run();
    stop();
}

void Agent::stop() {
    notify_stopping();
    log::info("agent", "stopping: closing windows, sending what is left");
    ingest_->stop(kStopSources);
    uplink_->drain(kDrain);
    uplink_->stop();
    const telemetry::Health last = board_.latest();
    std::uint64_t waiting = 0;
    for (const Lane lane : kLanes) {
        waiting += spool_->status(lane).samples;
    }
    log::info(
        "agent",
        fmt::format(
            "stopped: {} samples produced, {} delivered, {} wait in the spool",
            last.samples_produced,
            uplink_->status().samples_delivered,
            waiting
        )
    );
}

}  // namespace cxedge::app
