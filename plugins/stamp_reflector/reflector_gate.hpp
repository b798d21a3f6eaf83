// SPDX-License-Identifier: Apache-2.0
// Whom a reflector answers, and how often: addresses of UDP can be forged, so an answer may be what
// an attacker wants somebody else to get. Pure but for what it remembers. Thread: the loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {

// "10.0.0.0/8", "fd00::/8", "192.0.2.7" (that one).
class Network {
public:
    static std::optional<Network> parse(std::string_view text);
    [[nodiscard]] bool holds(const SocketAddress& address) const;

private:
    using Bytes = std::array<std::uint8_t, 16>;
    static Bytes bytes_of(const SocketAddress& address);

    int family_ = 0;
    unsigned bits_ = 0;
    Bytes bytes_{};
};

// Token buckets: one for each address, one for all, each with a burst of a second's tokens.
class ReflectorRate {
public:
    static constexpr std::size_t kMostAddresses = 4'096;  // who comes beyond is refused

    // Packets a second, above 0.
    ReflectorRate(double of_one, double of_all);
    // Takes a token, if there is one.
    [[nodiscard]] bool take(const SocketAddress& from, SteadyTime now);
    [[nodiscard]] std::size_t size() const { return buckets_.size(); }

private:
    struct Bucket {
        double tokens = 0;
        SteadyTime at{};
    };
    static bool take_from(Bucket& bucket, double per_s, SteadyTime now);
    static double tokens_at(const Bucket& bucket, double per_s, SteadyTime now);
    Bucket* bucket_of(const std::string& address, SteadyTime now);

    double of_one_;
    double of_all_;
    Bucket all_;
    SteadyTime cleaned_{};
    std::map<std::string, Bucket> buckets_;
};

}  // namespace cxedge::plugins
