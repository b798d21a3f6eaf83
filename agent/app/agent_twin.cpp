// SPDX-License-Identifier: Apache-2.0
// The part of the agent that follows operations: between its threads and the twin.
#include <utility>

#include <fmt/core.h>

#include "agent/app/agent.hpp"
#include "agent/app/notify.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {

Agent::~Agent() {
    twin_.leave();
}

void Agent::listen_for_twin(uplink::UplinkOptions& options) {
    listen_for_commands(options);
    options.topics = twin_.topics(loaded_.config);
    options.on_message = [this](const std::string& topic, std::string_view payload) {
        note_document(topic, payload);
    };
}

void Agent::note_document(const std::string& topic, std::string_view payload) {
    if (documents_.put(topic, std::string(payload))) {
        loop_.post([this] { receive_documents(); });
    }
}

void Agent::receive_documents() {
    for (const auto& [topic, payload] : documents_.take()) {
        twin_.receive(topic, payload);
    }
}

Status Agent::follow_twin() {
    TwinSurroundings around;
    around.health = [this] {
        return board_.latest();
    };
    around.uplink = [this] {
        return sinks_.front()->status_since_start();
    };
    around.retain = [this](const std::string& topic, std::string payload) {
        sinks_.front()->retain(topic, std::move(payload));
    };
    around.tell = [this](Event event) {
        ingest_->tell(std::move(event));
    };
    around.post = [this](std::function<void()> task) {
        loop_.post(std::move(task));
    };
    around.restart = [this] {
        restart();
    };
    around.note_refused = [this](telemetry::Refused refused) {
        board_.note_configs(std::move(refused));
    };
    around.compare = [this](const config::Loaded& next) {
        return change_between(loaded_, next);
    };
    around.change =
        [this](config::Loaded next, const ConfigChange& change, std::function<void()> done) {
            become(std::move(next), change, std::move(done));
        };
    twin_.follow(loaded_.config, std::move(around));
    return take_commands();
}

// What `change` does not name goes on: its sockets, its processes, its open windows.
void Agent::become(config::Loaded next, const ConfigChange& change, std::function<void()> done) {
    loaded_ = std::move(next);
    if (const Status renewed = change.uplink ? renew_uplink() : Status(); !renewed) {
        log::error("agent", renewed.error().message);
        restart();
        return;
    }
    ingest_->change_sources(change.sources, [this, done = std::move(done)] { loop_.post(done); });
    tell_ready();
}

Status Agent::renew_uplink() {
    auto options = uplink_options(loaded_.config, loaded_.config.uplink);
    if (!options) {
        return options.error();
    }
    Sink& main = *sinks_.front();
    main.leave();
    listen_for_twin(*options);
    auto identity = make_identity(*options);
    main.start(std::move(*options), clock_, &watchdog_, std::move(identity));
    return {};
}

void Agent::tell_ready() const {
    const config::AgentConfig& config = loaded_.config;
    notify_ready(
        fmt::format("{} sources, broker {}", config.sources.size(), config.uplink.brokers.front())
    );
}

void Agent::restart() {
    ending_ = Ending::restart;
    loop_.stop();
}

void Agent::tell_totals(const Sink& main) const {
    const telemetry::Health last = board_.latest();
    log::info(
        "agent",
        fmt::format(
            "stopped: {} samples produced, {} delivered, {} wait in the spool",
            last.samples_produced,
            main.status().samples_delivered,
            main.samples_waiting()
        )
    );
}

}  // namespace cxedge::app
