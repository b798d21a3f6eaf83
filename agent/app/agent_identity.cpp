// SPDX-License-Identifier: Apache-2.0
// The agent's certificate; the rest of Agent is in agent.cpp.
#include <utility>

#include "agent/app/agent.hpp"

namespace cxedge::app {

std::unique_ptr<Identity> Agent::make_identity(uplink::UplinkOptions& options) {
    auto identity = std::make_unique<Identity>(Identity::Parts{
        options.identity.node,
        options.broker.certificate_file,
        credential_options(config_, places_, options),
        clock_,
        [this](Event event) {
            inbox_.put(std::move(event));
        }});
    options.await_credential = identity->enrols();
    return identity;
}

}  // namespace cxedge::app
