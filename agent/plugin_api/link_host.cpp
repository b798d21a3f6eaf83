// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/link_host.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "agent/model/same_series.hpp"
#include "agent/wire/link_codec.hpp"

namespace cxedge {

namespace link = wire::link;

// Readings of one turn of the loop travel in one frame.
struct LinkHost::Pending {
    link::Readings frame;
};

LinkHost::LinkHost(
    UniqueFd socket, EventLoop& loop, const Clock& clock, std::function<void()> on_broken
)
    : socket_(std::move(socket)),
      loop_(loop),
      clock_(clock),
      on_broken_(std::move(on_broken)),
      pending_(std::make_unique<Pending>()) {}

LinkHost::~LinkHost() = default;

void LinkHost::broken() {
    if (const auto tell = std::exchange(on_broken_, nullptr)) {
        tell();
    }
}

// Blocks while the agent is slow: a plugin must not outrun it.
void LinkHost::send_bytes(const std::string& frame) {
    if (frame.size() > link::kMaxFrameBytes) {
        log(log::Level::warn, "a frame larger than the link allows was dropped");
        return;
    }
    while (::send(socket_.get(), frame.data(), frame.size(), MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            broken();
            return;
        }
    }
}

bool LinkHost::receive(std::string& frame) {
    frame.resize(link::kMaxFrameBytes);
    const ssize_t got = ::recv(socket_.get(), frame.data(), frame.size(), MSG_DONTWAIT);
    if (got > 0) {
        frame.resize(static_cast<std::size_t>(got));
        return true;
    }
    const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (!nothing_yet) {
        broken();
    }
    return false;
}

Result<SeriesId> LinkHost::declare(const SeriesInfo& info) {
    SeriesInfo sorted = info;
    if (const Status normal = normalise(sorted); !normal) {
        return normal.error();
    }
    if (const auto it = declared_.find(sorted.key); it != declared_.end()) {
        const Status same = check_same(it->second.info, sorted);
        return same ? Result<SeriesId>(it->second.id) : Result<SeriesId>(same.error());
    }
    const auto id = SeriesId{static_cast<std::uint32_t>(declared_.size())};
    const auto known = declared_.emplace(sorted.key, Declared{id, sorted}).first;
    known->second.info.key = {};  // it is the map's
    flush();
    send_bytes(link::encode(link::Declare{index_of(id), std::move(sorted)}));
    return id;
}

Status LinkHost::queue(const link::Reading& reading) {
    if (reading.id >= declared_.size()) {
        return invalid_argument("unknown series id");
    }
    auto& readings = pending_->frame.readings;
    if (readings.empty()) {
        loop_.post([this] { flush(); });
    }
    readings.push_back(reading);
    readings.back().boot_ms = clock_.boot_now().count();
    ++readings_;
    if (readings.size() >= link::kMaxReadingsPerFrame) {
        flush();
    }
    return {};
}

Status LinkHost::emit(SeriesId series, double value) {
    return queue({index_of(series), value});
}

Status LinkHost::emit_at(SeriesId series, double value, WallTime device_time) {
    return queue({index_of(series), value, false, 0, unix_ms(device_time)});
}

Status LinkHost::emit_once(SeriesId series, double value, const Occasion& occasion) {
    if (Status sound = check(occasion); !sound) {
        return sound;
    }
    link::Reading reading{index_of(series), value};
    reading.device_ms = occasion.time ? unix_ms(*occasion.time) : 0;
    reading.from_ms = occasion.from ? unix_ms(*occasion.from) : 0;
    reading.key = occasion.key;
    return queue(reading);
}

Status LinkHost::emit_lost(SeriesId series) {
    return queue({index_of(series), 0, true});
}

void LinkHost::flush() {
    if (pending_->frame.readings.empty()) {
        return;
    }
    const link::Readings frame = std::exchange(pending_->frame, {});
    send_bytes(link::encode(frame));
}

void LinkHost::emit_event(Event event) {
    flush();
    if (event.time == SampleTime{}) {
        event.time = at_boot(clock_.boot_now());
    }
    send_bytes(link::encode(link::EventFrame{std::move(event)}));
}

void LinkHost::commit(std::function<void(const Status&)> done) {
    flush();
    commits_.emplace(++last_ticket_, std::move(done));
    send_bytes(link::encode(link::Commit{last_ticket_}));
}

void LinkHost::committed(std::uint64_t ticket, const std::string& error) {
    const auto it = commits_.find(ticket);
    if (it == commits_.end()) {
        return;
    }
    const auto done = std::move(it->second);
    commits_.erase(it);
    done(error.empty() ? Status() : Status(exhausted(error)));
}

void LinkHost::offload(std::function<void()> work, std::function<void(const Status&)> done) {
    workers_.run_for(loop_, std::move(work), std::move(done));
}

void LinkHost::keep(std::string_view bytes) {
    send_bytes(link::encode(link::Keep{std::string(bytes)}));
}

void LinkHost::tell_device(const DeviceNote& note) {
    send_bytes(link::encode(link::DeviceFrame{note}));
}

Status LinkHost::follow(std::string_view metric, OnReading on_reading) {
    static_cast<void>(metric);
    static_cast<void>(on_reading);
    return unavailable("a plugin process cannot follow the readings of others");
}

void LinkHost::set_problem(std::string_view problem) {
    send_bytes(link::encode(link::Problem{std::string(problem)}));
}

void LinkHost::log(log::Level level, std::string_view message) {
    send_bytes(link::encode(link::LogLine{level, std::string(message)}));
}

void LinkHost::heartbeat() {
    flush();
    send_bytes(link::encode(link::Heartbeat{readings_}));
}

}  // namespace cxedge
