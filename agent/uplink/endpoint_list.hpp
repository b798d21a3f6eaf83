// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "agent/uplink/broker.hpp"

namespace cxedge::uplink {

// Brokers in order of preference, and the one in use: the next one's turn comes after three
// failures in a row, and a success sticks. Thread: one.
class EndpointList {
public:
    static constexpr unsigned kFailures = 3;

    // Requires: at least one.
    explicit EndpointList(std::vector<Endpoint> endpoints);

    [[nodiscard]] const Endpoint& current() const { return endpoints_[current_]; }
    [[nodiscard]] const Endpoint& preferred() const { return endpoints_.front(); }
    [[nodiscard]] bool on_preferred() const { return current_ == 0; }

    // True when another endpoint is the current one now.
    bool failed();
    void succeeded() { failures_ = 0; }
    // The preferred one answers again.
    void return_to_preferred();

private:
    std::vector<Endpoint> endpoints_;
    std::size_t current_ = 0;
    unsigned failures_ = 0;
};

}  // namespace cxedge::uplink
