// SPDX-License-Identifier: Apache-2.0
// What became of the packets that a reflector got: counted. Thread: the loop's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/plugin_api/host.hpp"

namespace cxedge::plugins {

enum class Reflection : std::uint8_t {
    reflected,
    network,    // the sender's address is in no network of `allow`
    rate,       // more than packets_per_s
    malformed,  // no test packet: too short
    hmac,       // not signed with our key
    loop,       // comes from a port of reflectors: two of them would answer each other for ever
    unsent,     // the kernel did not take the answer
};
inline constexpr std::size_t kReflections = 7;

class ReflectorTally {
public:
    explicit ReflectorTally(Host& host);

    // Event `stamp.bad_hmac` at most once a minute. `from` stays in the local log.
    void add(Reflection what, const std::string& from);
    // Emits stamp.reflected and stamp.refused.
    void flush();

private:
    std::optional<SeriesId> series_of(std::size_t what);
    void tell_bad_hmac(const std::string& from);

    Host& host_;
    std::array<std::uint64_t, kReflections> counts_{};
    std::array<std::optional<SeriesId>, kReflections> series_;
    std::optional<SteadyTime> told_;
    std::uint64_t untold_ = 0;  // bad signatures since then
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
