// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/net_namespace.hpp"

namespace cxedge::test {

// Tells "late" from "never".
inline constexpr auto kPatience = std::chrono::seconds(30);

// What the kernel received, and when.
struct Datagram {
    std::uint32_t number = 0;
    std::size_t size = 0;
    std::chrono::system_clock::time_point arrived;
};

// Numbered datagrams between two of these. Keeps all that arrives until somebody asks.
class NumberedUdp {
public:
    // A free port unless one is asked for.
    NumberedUdp(const NetNamespace& there, const std::string& address, std::uint16_t port = 0);
    [[nodiscard]] std::uint16_t port() const { return port_; }
    void talk_to(const NumberedUdp& other) const;
    // False: the kernel refuses it.
    [[nodiscard]] bool send(std::uint32_t number, std::size_t size = 64) const;
    [[nodiscard]] std::optional<Datagram> receive(std::chrono::milliseconds patience) const;

private:
    UniqueFd fd_;
    std::string address_;
    std::uint16_t port_ = 0;
};

// Two hosts, a line, and somebody at each end who talks over it.
struct Laboratory {
    Laboratory(const Impairment& there, const Impairment& back, const LinkOptions& options = {});

    // Both ends of the conversation, over IPv4.
    NetNamespace a;
    NetNamespace b;
    ImpairedLink link;
    NumberedUdp near;
    NumberedUdp far;

    // Sends number 0 to count - 1 and waits until none is on the way to `far`.
    void send_all(std::uint32_t count, std::size_t size = 64);
    // What has arrived at `far`.
    [[nodiscard]] std::vector<Datagram> received() const;
    [[nodiscard]] Truth there() const { return link.truth(Direction::a_to_b); }
};

inline bool laboratory_missing() {
    if (ImpairedLink::available()) {
        return false;
    }
    WARN("skipped: needs root");
    return true;
}

inline auto open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

}  // namespace cxedge::test
