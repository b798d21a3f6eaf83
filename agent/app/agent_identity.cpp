// SPDX-License-Identifier: Apache-2.0
// The agent's certificate, and the commands it takes; the rest of Agent is in agent.cpp.
#include <filesystem>
#include <utility>

#include "agent/app/agent.hpp"
#include "agent/base/durable_file.hpp"
#include "agent/base/log.hpp"
#include "agent/remote/credential_files.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::app {
namespace {

// A new one is tried, or was adopted and the broker has not taken it yet.
bool changes_certificate(const remote::CredentialFiles& files) {
    std::error_code ignored;
    return std::filesystem::exists(files.candidate(), ignored) ||
           std::filesystem::exists(files.previous(), ignored);
}

}  // namespace

std::unique_ptr<Identity> Agent::make_identity(uplink::UplinkOptions& options) {
    auto identity = std::make_unique<Identity>(Identity::Parts{
        options.identity.node,
        options.broker.certificate_file,
        credential_options(loaded_.config, places_, options),
        clock_,
        [this](Event event) {
            inbox_.put(std::move(event));
        }});
    options.await_credential = identity->enrols();
    return identity;
}

void Agent::listen_for_commands(uplink::UplinkOptions& options) {
    options.on_command = [this](const uplink::InboundCommand& command) {
        // Who may publish could otherwise fill the memory faster than signatures are checked.
        if (commands_waiting_.load() >= kMaxCommandsWaiting) {
            ++commands_unread_;
            return;
        }
        ++commands_waiting_;
        const std::uint32_t expiry_s = command.properties.expiry_s;
        const SteadyTime until = expiry_s == 0
                                     ? SteadyTime::max()
                                     : clock_.steady_now() + std::chrono::seconds(expiry_s);
        loop_.post([this, payload = std::string(command.payload), held = command, until]() mutable {
            --commands_waiting_;
            held.payload = payload;
            take_command(held, until);
        });
    };
}

void Agent::take_command(const uplink::InboundCommand& command, SteadyTime until) {
    if (commands_) {
        const uplink::MessageProperties& with = command.properties;
        commands_->receive(
            command.payload, command.retained, {until, with.response_topic, with.correlation}
        );
    }
}

void Agent::tick_commands() {
    if (commands_) {
        commands_->tick(commands_unread_.exchange(0));
    }
}

// Without its journal the agent still does its work; it then takes no commands.
Status Agent::take_commands() {
    auto service = CommandService::start(
        {loop_,
         clock_,
         loaded_.config,
         places_,
         board_,
         *sinks_.front(),
         *ingest_,
         inbox_,
         history_.get(),
         [this] { restart(); },
         [this] {
             return twin_.keys();
         }}
    );
    if (service) {
        commands_ = std::move(*service);
    } else {
        log::error("commands", service.error().message);
    }
    command_tick_ = loop_.every(std::chrono::seconds(1), [this] {
        tick_commands();
        offer_first_desired();
    });
    return {};
}

// What came with the certificate is judged like any other document, once the box is online with
// it: a trial would else be judged while the link is about to change.
void Agent::offer_first_desired() {
    const remote::CredentialFiles files(places_.state_dir + "/identity");
    const bool online =
        sinks_.front()->status_since_start().connection == uplink::Connection::online;
    if (loaded_.config.node.claim_file.empty() || !online || changes_certificate(files)) {
        return;
    }
    const auto envelope = load_file(files.first_desired(), wire::kMaxEnvelopeBytes);
    if (!envelope) {
        return;
    }
    const wire::NodeIdentity self = identity_of(loaded_.config);
    const wire::Topics topics(self.tenant, self.site, self.node);
    if (!twin_.receive_unretained(topics.twin_desired(), *envelope)) {
        return;
    }
    if (const Status gone = remove_file(files.first_desired()); !gone) {
        log::warn("identity", gone.error().message);
    }
}

}  // namespace cxedge::app
