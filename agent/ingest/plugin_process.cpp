// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/plugin_process.hpp"

#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <sys/socket.h>

namespace cxedge::ingest {

namespace link = wire::link;

namespace {

// Frames handled in one turn: a busy plugin must not keep other sources waiting.
constexpr int kFramesPerTurn = 64;

}  // namespace

PluginProcess::PluginProcess(
    SourceSpec spec, const IngestContext& context, const PluginPatience& patience
)
    : spec_(std::move(spec)),
      context_(context),
      patience_(patience),
      reporter_(spec_, context),
      restarts_(patience.first_restart) {}

void PluginProcess::start() {
    spawn();
}

void PluginProcess::spawn() {
    state_ = State::starting;
    proved_ = false;
    refused_.reset();
    series_.clear();
    no_room_yet_.clear();
    ++generation_;
    Result<ChildProcess> child = ChildProcess::spawn(spec_.executable);
    if (!child) {
        crashed(child.error().message);
        return;
    }
    child_.emplace(std::move(*child));
    // Before its settings reach it, hence before it does anything that costs.
    if (context_.cgroups != nullptr) {
        context_.cgroups->confine(spec_.name, child_->pid(), spec_.limits);
    }
    inbox_ = context_.loop.when_readable(child_->socket(), [this] { read_frames(); });
    expect_frame_within(patience_.hello);
}

void PluginProcess::expect_frame_within(std::chrono::milliseconds time) {
    silence_ = context_.loop.after(time, [this, time] {
        ended(fmt::format("silent for {} ms", time.count()));
    });
}

void PluginProcess::read_frames() {
    for (int i = 0; i < kFramesPerTurn && child_ && read_frame(); ++i) {
    }
}

bool PluginProcess::read_frame() {
    frame_.resize(link::kMaxFrameBytes);
    // MSG_TRUNC: the datagram's own length, also when it is larger than the buffer.
    const ssize_t got =
        ::recv(child_->socket(), frame_.data(), frame_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        ended("");
        return false;
    }
    const auto size = static_cast<std::size_t>(got);
    if (size > link::kMaxFrameBytes) {
        ended(fmt::format("sent a frame of {} bytes, at most {}", size, link::kMaxFrameBytes));
        return false;
    }
    const Result<link::Frame> frame = link::decode(std::string_view(frame_).substr(0, size));
    if (!frame) {
        ended("sent a frame that cannot be read: " + frame.error().message);
        return false;
    }
    if (state_ == State::running) {
        expect_frame_within(patience_.silence);
    }
    handle(*frame);
    return true;
}

void PluginProcess::handle(const link::Frame& frame) {
    if (const auto* readings = std::get_if<link::Readings>(&frame)) {
        on_readings(*readings);
    } else if (const auto* declare = std::get_if<link::Declare>(&frame)) {
        on_declare(*declare);
    } else if (const auto* hello = std::get_if<link::Hello>(&frame)) {
        on_hello(*hello);
    } else if (const auto* event = std::get_if<link::EventFrame>(&frame)) {
        context_.sink.accept_event(event->event);
    } else if (const auto* line = std::get_if<link::LogLine>(&frame)) {
        reporter_.log(line->level, line->text);
    } else if (const auto* problem = std::get_if<link::Problem>(&frame)) {
        proved_ = true;
        reporter_.set_problem(problem->text);
    } else if (std::holds_alternative<link::Heartbeat>(frame)) {
        on_heartbeat();
    } else if (const auto* commit = std::get_if<link::Commit>(&frame)) {
        on_commit(*commit);
    } else if (const auto* device = std::get_if<link::DeviceFrame>(&frame)) {
        context_.sink.tell_device(spec_.name, device->note);
    } else if (const auto* keep = std::get_if<link::Keep>(&frame)) {
        on_keep(*keep);
    } else if (const auto* bye = std::get_if<link::Bye>(&frame)) {
        on_bye(*bye);
    }
}

void PluginProcess::on_hello(const link::Hello& hello) {
    if (state_ != State::starting) {
        return;  // asked to stop before it was ready, or says it twice
    }
    if (hello.protocol != link::kProtocol) {
        refused_ = invalid_argument(fmt::format(
            "{} speaks link protocol {}, this agent {}: install matching packages",
            spec_.executable,
            hello.protocol,
            link::kProtocol
        ));
        ended("");
        return;
    }
    acknowledges_ = hello.acknowledges;
    turned_away_.reset();
    link::Welcome welcome;
    welcome.source = spec_.name;
    welcome.settings = spec_.settings;
    welcome.box = context_.box;
    welcome.kept = context_.sink.kept(spec_.name);
    welcome.heartbeat_ms = static_cast<std::uint32_t>(patience_.heartbeat.count());
    const std::string bytes = link::encode(welcome);
    if (bytes.size() > link::kMaxFrameBytes) {
        refused_ = invalid_argument(fmt::format(
            "settings take {} bytes on the link, at most {} fit", bytes.size(), link::kMaxFrameBytes
        ));
        ended("");
        return;
    }
    state_ = State::running;
    expect_frame_within(patience_.silence);
    reporter_.log(log::Level::info, fmt::format("running, pid {}", child_->pid()));
    child_->send(bytes);
}

// Its settings are right and it lives: what was wrong with the process before is over.
void PluginProcess::on_heartbeat() {
    if (!std::exchange(proved_, true)) {
        reporter_.set_problem("");
    }
}

void PluginProcess::on_keep(const link::Keep& keep) {
    if (const Status kept = context_.sink.keep(spec_.name, keep.bytes); !kept) {
        reporter_.log_once(
            log::Level::warn, "nothing is kept for a restart: " + kept.error().message
        );
    }
}

void PluginProcess::on_declare(const link::Declare& declare) {
    const Result<SeriesId> id = context_.sink.declare(declare.info);
    if (!id && id.error().code == ErrorCode::unavailable) {
        no_room_yet_[declare.id] = declare.info;
    } else if (!id) {
        reporter_.log_once(log::Level::warn, "series refused: " + id.error().message);
    }
    if (!id) {
        return;
    }
    series_[declare.id] = *id;
    if (spec_.durability == Durability::power) {
        context_.sink.guard(*id);
    }
}

void PluginProcess::on_readings(const link::Readings& readings) {
    for (const link::Reading& reading : readings.readings) {
        on_reading(reading);
    }
}

SampleTime PluginProcess::time_of(const link::Reading& reading) const {
    if (reading.device_ms != 0) {
        return at_wall(from_unix_ms(reading.device_ms));
    }
    const BootTime now = context_.clock.boot_now();
    const BootTime taken(reading.boot_ms);
    return at_boot(taken > BootTime(0) && taken < now ? taken : now);
}

Status PluginProcess::accept(SeriesId series, const link::Reading& reading) {
    if (reading.lost) {
        return context_.sink.accept_lost(series, time_of(reading));
    }
    if (reading.from_ms == 0 && reading.key == 0) {
        return context_.sink.accept(series, reading.value, time_of(reading));
    }
    Occasion occasion;
    occasion.key = reading.key;
    if (reading.device_ms != 0) {
        occasion.time = from_unix_ms(reading.device_ms);
    }
    if (reading.from_ms != 0) {
        occasion.from = from_unix_ms(reading.from_ms);
    }
    return context_.sink.accept_once(series, reading.value, occasion, time_of(reading));
}

void PluginProcess::on_reading(const link::Reading& reading) {
    ++readings_;
    declare_again(reading.id);
    const auto id = series_.find(reading.id);
    if (id == series_.end()) {
        return;  // its series was refused, and said so
    }
    const Status accepted = accept(id->second, reading);
    if (!accepted && accepted.error().code == ErrorCode::exhausted) {
        turned_away(id->second, accepted.error());
    } else if (!accepted) {
        reporter_.log_once(log::Level::warn, "reading refused: " + accepted.error().message);
    }
}

// When its series came, storage had no room for it. Without an answer to that, who sent the reading
// must not take it for counted.
void PluginProcess::declare_again(std::uint32_t id) {
    const auto waiting = no_room_yet_.find(id);
    if (waiting == no_room_yet_.end()) {
        return;
    }
    link::Declare declare{id, std::move(waiting->second)};
    no_room_yet_.erase(waiting);
    on_declare(declare);
    if (no_room_yet_.count(id) != 0) {
        turned_away_ = exhausted("storage full");
    }
}

// Who acknowledges passes the refusal on: its next commit fails, and its sender sends again.
void PluginProcess::turned_away(SeriesId series, const Error& error) {
    if (acknowledges_) {
        turned_away_ = error;
    } else {
        context_.sink.turned_away(series);
    }
}

void PluginProcess::on_commit(const link::Commit& commit) {
    if (acknowledges_ && turned_away_) {
        send(link::Committed{commit.ticket, std::exchange(turned_away_, std::nullopt)->message});
        return;
    }
    context_.sink.commit(
        spec_.durability,
        [this, ticket = commit.ticket, generation = generation_, here = std::weak_ptr(here_)](
            const Status& status
        ) {
            if (!here.expired() && child_ && generation == generation_) {
                send(link::Committed{ticket, status ? "" : status.error().message});
            }
        }
    );
}

// A plugin that leaves hundreds of answers unread is as good as hung.
void PluginProcess::send(const link::Frame& frame) {
    if (!child_->send(link::encode(frame))) {
        ended("does not read what it is sent");
    }
}

void PluginProcess::on_bye(const link::Bye& bye) {
    if (bye.failed) {
        refused_ = Error{bye.code, bye.text};
    }
}

// The link is gone or must go: finds out why and decides what is next.
void PluginProcess::ended(const std::string& hint) {
    inbox_.cancel();
    silence_.cancel();
    std::string how = child_->finish();
    child_.reset();
    if (context_.cgroups != nullptr && context_.cgroups->ran_out_of_memory(spec_.name)) {
        how += fmt::format(": needed more than its {} MiB", spec_.limits.memory_bytes >> 20U);
    }
    if (state_ == State::stopping) {
        state_ = State::stopped;
    } else if (refused_) {
        fail(refused_->message);
    } else {
        crashed(hint.empty() ? how : hint);
    }
}

void PluginProcess::crashed(const std::string& how) {
    const auto delay = restarts_.next(context_.clock.steady_now());
    if (!delay) {
        fail(fmt::format(
            "{}; {} restarts within {} s did not help",
            how,
            RestartPolicy::kMaxRestarts,
            RestartPolicy::kPeriod.count()
        ));
        return;
    }
    state_ = State::waiting;
    ++restart_count_;
    reporter_.set_problem("process " + how);
    reporter_.event(
        "plugin.crashed",
        Severity::minor,
        fmt::format("{}; restarting in {} ms", how, delay->count()),
        {{"restarts", std::to_string(restart_count_)}}
    );
    retry_ = context_.loop.after(*delay, [this] { spawn(); });
}

void PluginProcess::fail(const std::string& why) {
    state_ = State::failed;
    reporter_.set_problem(why);
    reporter_.event("plugin.failed", Severity::major, why, {});
    retry_ = context_.loop.after(patience_.second_chance, [this] { spawn(); });
}

void PluginProcess::stop() {
    retry_.cancel();
    if (!child_) {
        state_ = State::stopped;
        return;
    }
    state_ = State::stopping;
    child_->send(link::encode(link::Bye{}));
    silence_ = context_.loop.after(patience_.stop, [this] { ended("did not stop"); });
}

InstanceHealth PluginProcess::health() const {
    constexpr const char* kNames[] = {
        "starting", "running", "waiting", "stopping", "failed", "stopped"};
    InstanceHealth health;
    health.state = kNames[static_cast<int>(state_)];
    health.problem = reporter_.problem();
    health.readings = readings_;
    health.restarts = restart_count_;
    health.pid = child_ ? static_cast<std::int32_t>(child_->pid()) : 0;
    return health;
}

}  // namespace cxedge::ingest
