// SPDX-License-Identifier: Apache-2.0
// The agent's certificate, and the commands it takes; the rest of Agent is in agent.cpp.
#include <utility>

#include "agent/app/agent.hpp"
#include "agent/base/durable_file.hpp"
#include "agent/base/log.hpp"
#include "agent/remote/credential_files.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::app {

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
    options.on_command = [this](std::string_view payload, bool retained) {
        // Who may publish could otherwise fill the memory faster than signatures are checked.
        if (commands_waiting_.load() >= kMaxCommandsWaiting) {
            return;
        }
        ++commands_waiting_;
        loop_.post([this, payload = std::string(payload), retained] {
            --commands_waiting_;
            if (commands_) {
                commands_->receive(payload, retained);
            }
        });
    };
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
         [this] {
             restart();
         }}
    );
    if (service) {
        commands_ = std::move(*service);
    } else {
        log::error("commands", service.error().message);
    }
    command_tick_ = loop_.every(std::chrono::seconds(1), [this] {
        if (commands_) {
            commands_->tick();
        }
        offer_first_desired();
    });
    return {};
}

// What came with the certificate is judged like any other document, once.
void Agent::offer_first_desired() {
    const remote::CredentialFiles files(places_.state_dir + "/identity");
    if (loaded_.config.node.claim_file.empty()) {
        return;
    }
    if (const auto envelope = load_file(files.first_desired(), wire::kMaxEnvelopeBytes)) {
        const Status gone = remove_file(files.first_desired());
        if (!gone) {
            log::warn("identity", gone.error().message);
        }
        const wire::NodeIdentity self = identity_of(loaded_.config);
        const wire::Topics topics(self.tenant, self.site, self.node);
        twin_.receive(topics.twin_desired(), *envelope);
    }
}

}  // namespace cxedge::app
