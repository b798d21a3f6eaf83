// SPDX-License-Identifier: Apache-2.0
#include "agent/app/ingest_thread.hpp"

#include <utility>

#include <pthread.h>

#include "agent/app/options.hpp"
#include "agent/telemetry/metrics.hpp"

namespace cxedge::app {
namespace {

// A quarter second is the grain of window ends and seal ages: 4 wakeups a second when idle.
constexpr std::chrono::milliseconds kTickEvery{250};
constexpr std::chrono::milliseconds kHealthPeriod{1000};
constexpr std::chrono::milliseconds kStopPoll{20};

// A large batch is worth sending after this part of `seal_ms`.
constexpr int kLeastPart = 5;

SealOptions seal_options(const config::SpoolConfig& config, const config::UplinkConfig& uplink) {
    SealOptions seal;
    seal.live_age = uplink.live_age;
    seal.most = config.seal;
    seal.least = config.seal / kLeastPart;
    seal.offline = config.commit;
    seal.samples = static_cast<std::size_t>(config.seal_samples);
    return seal;
}

}  // namespace

Result<std::unique_ptr<IngestThread>> IngestThread::start(
    Parts parts, std::vector<Event> first_events
) {
    auto self = std::unique_ptr<IngestThread>(new IngestThread(std::move(parts)));
    const Parts& given = self->parts_;
    std::vector<std::unique_ptr<Outlet>> outlets;
    for (const SinkFeed& feed : given.sinks) {
        auto outlet = Outlet::make(
            seal_options(given.config.spool, given.config.uplink),
            feed.filter,
            feed.sink->spool(),
            given.clock
        );
        if (!outlet) {
            return outlet.error();
        }
        outlets.push_back(std::move(*outlet));
    }
    DataPath::Options options;
    options.pipeline = pipeline_options(given.config);
    options.journal_file = given.journal_file;
    options.no_files_why = given.no_files_why;
    options.history = given.history;
    self->path_ = std::make_unique<DataPath>(
        std::move(options), std::move(outlets), self->loop_, given.clock
    );
    self->loop_.post([raw = self.get(), with = self->beginning(std::move(first_events))] {
        raw->begin(with);
    });
    self->thread_ = std::thread([raw = self.get()] {
        ::pthread_setname_np(::pthread_self(), "ingest");
        raw->loop_.run();
    });
    return self;
}

IngestThread::IngestThread(Parts parts) : parts_(std::move(parts)) {}

IngestThread::~IngestThread() {
    loop_.stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

// What its thread needs of the configuration, which is main's to change.
IngestThread::Beginning IngestThread::beginning(std::vector<Event> first_events) const {
    const wire::NodeIdentity self = identity_of(parts_.config);
    Beginning with{
        std::move(first_events),
        {},
        parts_.config.agent.heartbeat,
        {self.tenant, self.site, self.node}};
    for (const config::SourceConfig& source : parts_.config.sources) {
        if (source.enabled) {
            with.sources.push_back(source_spec(source));
        }
    }
    return with;
}

void IngestThread::begin(const Beginning& with) {
    for (const Event& event : with.events) {
        path_->accept_event(event);
    }
    const ingest::IngestContext context{loop_, parts_.clock, *path_, nullptr, with.box};
    supervisor_ = std::make_unique<ingest::Supervisor>(parts_.plugins, parts_.plugin_dir, context);
    for (const ingest::SourceSpec& source : with.sources) {
        supervisor_->add(source);
    }
    tick_ = loop_.every(kTickEvery, [this] { tick(); });
    health_ = loop_.every(kHealthPeriod, [this] { publish_health(); });
    heartbeat_ = loop_.every(with.heartbeat, [this] { emit_heartbeat(); });
    publish_health();
    emit_heartbeat();
}

void IngestThread::tick() {
    for (std::size_t i = 0; i < parts_.sinks.size(); ++i) {
        const auto connection = parts_.sinks[i].sink->status().connection;
        path_->set_online(i, connection == uplink::Connection::online);
    }
    for (EventInbox::Entry& entry : parts_.inbox.take()) {
        path_->accept_event(std::move(entry.event));
        if (entry.kept) {
            entry.kept();
        }
    }
    path_->tick();
    parts_.watchdog.tick(telemetry::Ticker::ingest);
}

void IngestThread::publish_health() {
    parts_.board.publish(parts_.report.make(*path_, *supervisor_));
}

void IngestThread::emit_heartbeat() {
    const telemetry::Health before = std::exchange(told_, parts_.board.latest());
    for (const telemetry::MetricReading& reading : telemetry::agent_metrics(told_, before)) {
        const Result<SeriesId> id = path_->declare(reading.info);
        const Status accepted =
            id ? path_->accept(*id, reading.value, at_boot(parts_.clock.boot_now()))
               : Status(id.error());
        if (!accepted) {
            log::warn("agent", "own metric refused: " + accepted.error().message);
        }
    }
}

void IngestThread::live(const Live& wish, std::function<void(std::size_t)> done) {
    loop_.post([this, wish, done = std::move(done)] { done(begin_live(wish)); });
}

std::size_t IngestThread::begin_live(const Live& wish) {
    const std::string& metric = wish.metric;
    LiveTimers& timers = live_[metric];
    timers.tick = loop_.every(wish.every, [this, metric] { path_->close_windows_of(metric); });
    // By way of the loop: a timer must not destroy itself while it runs.
    timers.end = loop_.after(wish.ttl, [this, metric] {
        loop_.post([this, metric] { live_.erase(metric); });
    });
    return path_->close_windows_of(metric);
}

void IngestThread::snapshot(const std::string& metric, std::function<void(std::size_t)> done) {
    loop_.post([this, metric, done = std::move(done)] { done(path_->close_windows_of(metric)); });
}

void IngestThread::restart_source(
    const std::string& name, std::function<void(const Status&)> done
) {
    loop_.post([this, name, done = std::move(done)] { done(supervisor_->restart(name)); });
}

void IngestThread::change_sources(ingest::SourceChange change, std::function<void()> done) {
    loop_.post([this, change = std::move(change), done = std::move(done)] {
        supervisor_->change(change, [this, done] {
            publish_health();
            done();
        });
    });
}

void IngestThread::flush(std::function<void()> done) {
    loop_.post([this, done = std::move(done)] {
        (void)path_->flush(false);  // what could not be stored is in the health that follows
        publish_health();
        done();
    });
}

void IngestThread::tell(Event event) {
    loop_.post([this, event = std::move(event)] { path_->accept_event(event); });
}

void IngestThread::replay(
    std::vector<ReplayedSample> samples, std::uint64_t id, std::function<void(const Status&)> done
) {
    loop_.post([this, samples = std::move(samples), id, done = std::move(done)] {
        done(path_->replay(samples, id));
    });
}

void IngestThread::stop(std::chrono::milliseconds patience, Ending ending) {
    const BootTime deadline = parts_.clock.boot_now() + patience;
    loop_.post([this, deadline, ending] {
        begin_stop();
        finish_when_stopped(deadline, ending);
    });
    stopped_.get_future().wait_for(patience + std::chrono::seconds(1));
    loop_.stop();
    thread_.join();
}

void IngestThread::begin_stop() {
    heartbeat_.cancel();
    supervisor_->stop_all();
}

void IngestThread::finish_when_stopped(BootTime deadline, Ending ending) {
    if (!supervisor_->all_stopped() && parts_.clock.boot_now() < deadline) {
        stopping_ = loop_.after(kStopPoll, [this, deadline, ending] {
            finish_when_stopped(deadline, ending);
        });
        return;
    }
    const bool journal = ending == Ending::keep_journal && path_->memory_problem().empty();
    (void)path_->flush(!journal);  // likewise
    publish_health();
    // On this thread: handles and child processes belong to it.
    live_.clear();
    supervisor_.reset();
    tick_.cancel();
    health_.cancel();
    stopped_.set_value();
}

}  // namespace cxedge::app
