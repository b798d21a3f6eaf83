// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/agent_host.hpp"

#include <utility>

namespace cxedge::ingest {

AgentHost::AgentHost(const SourceSpec& spec, const IngestContext& context, WorkerPool& workers)

    : name_(spec.name),
      kept_(context.sink.kept(spec.name)),
      durability_(spec.durability),
      context_(context),
      workers_(workers),
      reporter_(spec, context) {}

Result<SeriesId> AgentHost::declare(const SeriesInfo& info) {
    Result<SeriesId> id = context_.sink.declare(info);
    if (!id) {
        reporter_.log_once(log::Level::warn, "series refused: " + id.error().message);
    } else if (durability_ == Durability::power) {
        context_.sink.guard(*id);
    }
    return id;
}

Status AgentHost::emit(SeriesId series, double value) {
    ++readings_;
    return told(series, context_.sink.accept(series, value, at_boot(context_.clock.boot_now())));
}

Status AgentHost::emit_at(SeriesId series, double value, WallTime device_time) {
    ++readings_;
    return told(series, context_.sink.accept(series, value, at_wall(device_time)));
}

Status AgentHost::emit_once(SeriesId series, double value, const Occasion& occasion) {
    ++readings_;
    return told(
        series,
        context_.sink.accept_once(series, value, occasion, at_boot(context_.clock.boot_now()))
    );
}

Status AgentHost::emit_lost(SeriesId series) {
    ++readings_;
    return told(series, context_.sink.accept_lost(series, at_boot(context_.clock.boot_now())));
}

// Nobody repeats what a source without acknowledgements could not store.
Status AgentHost::told(SeriesId series, Status status) {
    if (!status && status.error().code == ErrorCode::exhausted && !acknowledges_) {
        context_.sink.turned_away(series);
    }
    return status;
}

void AgentHost::emit_event(Event event) {
    context_.sink.accept_event(std::move(event));
}

void AgentHost::commit(std::function<void(const Status&)> done) {
    context_.sink.commit(durability_, std::move(done));
}

void AgentHost::keep(std::string_view bytes) {
    if (const Status kept = context_.sink.keep(name_, bytes); !kept) {
        reporter_.log_once(
            log::Level::warn, "nothing is kept for a restart: " + kept.error().message
        );
    }
}

void AgentHost::offload(std::function<void()> work, std::function<void(const Status&)> done) {
    workers_.run_for(context_.loop, std::move(work), std::move(done));
}

void AgentHost::tell_device(const DeviceNote& note) {
    context_.sink.tell_device(name_, note);
}

Status AgentHost::follow(std::string_view metric, OnReading on_reading) {
    followed_.push_back(context_.sink.follow(metric, std::move(on_reading)));
    return {};
}

void AgentHost::set_problem(std::string_view problem) {
    reporter_.set_problem(problem);
}

void AgentHost::log(log::Level level, std::string_view message) {
    reporter_.log(level, message);
}

}  // namespace cxedge::ingest
