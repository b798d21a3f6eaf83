// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "agent/base/clock.hpp"
#include "agent/uplink/backoff.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::uplink {

// How long to wait before the next attempt to connect. Two wishes pull apart: a broker that is back
// wants to be found at once, and one that is overloaded wants to be left alone. A refused SYN costs
// it nothing, so while TCP is refused and the outage is young, attempts come every 200 to 400 ms;
// whatever cost it more (TLS, CONNECT, a stall), and every outage older than that, gets
// decorrelated jitter. Thread: one.
class ReconnectPace {
public:
    using Milliseconds = std::chrono::milliseconds;
    static constexpr Milliseconds kFastMin{200};
    static constexpr Milliseconds kFastMax{400};
    // A connection that lasted this long was a good one: the next wait is short again.
    static constexpr std::chrono::seconds kStable{60};
    // One that ended sooner, without a reason, may be a fight for the client id.
    static constexpr std::chrono::seconds kSettled{2};
    // A refusal later than this was a network that swallows packets, not a broker that is away.
    static constexpr std::chrono::seconds kAtOnce{1};

    struct Options {
        Milliseconds min{1000};
        Milliseconds max{300000};
        Milliseconds fast_for{120000};  // 0: never fast
        std::uint64_t seed = 1;
    };
    explicit ReconnectPace(const Options& options);

    void attempted(SteadyTime now) { attempt_ = now; }
    void connected(SteadyTime now);
    // The wait after an attempt failed or a connection was lost.
    Milliseconds lost(const Loss& loss, SteadyTime now);
    // After a connection that we gave up because the broker stalled.
    Milliseconds stalled(SteadyTime now);

private:
    [[nodiscard]] bool is_cheap(const Loss& loss, SteadyTime now) const;
    void note_end(SteadyTime now);

    Milliseconds fast_for_;
    Backoff backoff_;
    std::mt19937_64 random_;
    SteadyTime attempt_{};
    std::optional<SteadyTime> online_since_;
    std::optional<SteadyTime> outage_since_;
};

}  // namespace cxedge::uplink
