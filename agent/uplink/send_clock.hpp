// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/packet.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cxedge::uplink {

// What the uplink needs to know of the clock when it sends.
using ClockProbe = std::function<wire::ClockState()>;

// Turns the times of a batch into UTC at the moment it is sent, when most is known of the clock;
// and says whether to send at all: a clock that shows less than it did before, or less than the
// date of this program, cannot be right, and waiting may mend it. Thread: one.
class SendClock {
public:
    // 2023-01-01: before this program was written.
    static constexpr WallTime kProgramDate{std::chrono::milliseconds(1'672'531'200'000)};
    static constexpr std::chrono::milliseconds kEvery{1000};

    struct Options {
        std::chrono::milliseconds live_age{60000};  // sealed longer ago is backfill
        std::chrono::milliseconds patience{0};      // the longest to wait for the clock
    };
    // References outlive the object.
    SendClock(const Options& options, store::Spool& spool, const Clock& clock, ClockProbe probe);

    // Asks the clock how good it is, at most once a second, and notes it for later boots.
    void observe();
    // When data must wait for the clock: why, for people. Else empty.
    [[nodiscard]] const std::string& holding() const { return holding_; }

    [[nodiscard]] BatchTime time_of(const store::StoredBatch& stored) const;
    [[nodiscard]] bool is_backfill(const store::StoredBatch& stored) const;

private:
    [[nodiscard]] WallTime now() const;
    [[nodiscard]] std::string doubt() const;
    [[nodiscard]] BatchTime guess(const store::StoredBatch& stored) const;

    const Options options_;
    store::Spool& spool_;
    const Clock& clock_;
    const ClockProbe probe_;
    const SteadyTime started_;
    std::optional<SteadyTime> observed_;
    wire::ClockState state_;
    std::string holding_;
    bool guessing_ = false;  // patience is over
};

}  // namespace cxedge::uplink
