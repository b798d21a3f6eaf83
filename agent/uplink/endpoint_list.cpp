// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/endpoint_list.hpp"

#include <cassert>
#include <utility>

#include <fmt/core.h>

namespace cxedge::uplink {

std::string to_string(const Endpoint& endpoint) {
    const bool ipv6 = endpoint.host.find(':') != std::string::npos;
    return ipv6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
                : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

void point_at(BrokerOptions& options, const Endpoint& endpoint) {
    options.host = endpoint.host;
    options.port = endpoint.port;
    options.tls = endpoint.tls;
}

EndpointList::EndpointList(std::vector<Endpoint> endpoints) : endpoints_(std::move(endpoints)) {
    assert(!endpoints_.empty());
}

bool EndpointList::failed() {
    if (++failures_ < kFailures || endpoints_.size() == 1) {
        return false;
    }
    failures_ = 0;
    current_ = (current_ + 1) % endpoints_.size();
    return true;
}

void EndpointList::return_to_preferred() {
    current_ = 0;
    failures_ = 0;
}

}  // namespace cxedge::uplink
