// SPDX-License-Identifier: Apache-2.0
// Finds out which of a host's addresses answers on a port, without blocking: libmosquitto's own
// connect has no timeout and would hang for minutes on an address that swallows packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <poll.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/uplink/name_lookup.hpp"

namespace cxedge::uplink {

// Thread: one.
class TcpProbe {
public:
    enum class State : std::uint8_t { pending, reached, failed };

    // Begins to connect to the addresses, all at once: a dead one costs nothing. unavailable: none
    // can be tried.
    static Result<TcpProbe> start(const std::vector<NetworkAddress>& addresses, std::uint16_t port);

    // Descriptors to wait for before the next step().
    void add_to(std::vector<pollfd>& fds) const;
    State step();

    // Requires: step() said `reached`.
    [[nodiscard]] const std::string& address() const { return address_; }  // numeric
    [[nodiscard]] bool ipv6() const { return ipv6_; }
    // Of the name, reachable or not.
    [[nodiscard]] std::size_t addresses() const { return addresses_; }
    // Requires: step() said `failed`.
    [[nodiscard]] const Error& problem() const { return problem_; }

private:
    struct Attempt {
        UniqueFd socket;
        std::string address;
        bool ipv6 = false;
    };
    enum class Outcome : std::uint8_t { pending, reached, refused };
    Outcome check(const Attempt& attempt);

    std::vector<Attempt> attempts_;
    std::string port_;
    std::string address_;
    bool ipv6_ = false;
    std::size_t addresses_ = 0;
    Error problem_;
};

}  // namespace cxedge::uplink
