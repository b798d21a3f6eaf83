// SPDX-License-Identifier: Apache-2.0
// The part of the agent that follows operations: between its threads and the twin.
#include <utility>

#include <fmt/core.h>

#include "agent/app/agent.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {

Agent::~Agent() {
    twin_.leave();
}

void Agent::listen_for_twin(uplink::UplinkOptions& options) {
    listen_for_commands(options);
    options.topics = twin_.topics(config_);
    options.on_message = [this](const std::string& topic, std::string_view payload) {
        if (documents_.put(topic, std::string(payload))) {
            loop_.post([this] { receive_documents(); });
        }
    };
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
        return sinks_.front()->status();
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
    twin_.follow(config_, std::move(around));
    return take_commands();
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
