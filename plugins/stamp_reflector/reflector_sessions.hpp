// SPDX-License-Identifier: Apache-2.0
// What a stateful reflector counts (RFC 8762, 4.3): how many packets of a session it has sent back,
// so that the sender can tell on which way a packet was lost. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "agent/base/clock.hpp"
#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {

class ReflectorSessions {
public:
    ReflectorSessions(std::size_t most, std::chrono::milliseconds idle)
        : most_(most), idle_(idle) {}

    // The number of the session's next answer: 0, 1, ... A session is an address, a port and an
    // SSID (RFC 8972, 3). Who was silent for `idle` begins anew; where there are too many, the one
    // that was silent longest is forgotten.
    std::uint32_t next(const SocketAddress& from, std::uint16_t ssid, SteadyTime now);
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }

private:
    struct Session {
        std::uint32_t next = 0;
        SteadyTime seen{};
    };
    void make_room(SteadyTime now);

    std::size_t most_;
    std::chrono::milliseconds idle_;
    std::map<std::tuple<std::string, std::uint16_t, std::uint16_t>, Session> sessions_;
};

}  // namespace cxedge::plugins
