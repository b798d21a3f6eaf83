// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"

namespace cxedge::uplink {

// A refused batch.
struct Refusal {
    Lane lane = Lane::live;
    std::uint64_t position = 0;
    std::uint8_t reason = 0;  // >= 0x80
};

// What becomes of it.
struct Ruling {
    enum class Act : std::uint8_t { retry, split, bury };
    Act act = Act::retry;
    std::chrono::milliseconds pause{0};  // retry: after this
    std::uint32_t attempts = 0;          // publishes that the broker refused
};

// How often the broker has refused which batch, over all connections, and what to do about it:
//   0x95, 0x99        it will never take this packet: split it;
//   0x97              it has no room now: keep, always;
//   0x87, 0x90        not on this topic: three more tries, then buried; but only while other
//                     batches pass, else it is the broker's configuration that is wrong;
//   0x80, 0x83, ...   who knows: eight tries over ten minutes, then buried if others passed.
// Batches of lane 0 carry the declarations of what is missing and are never buried here.
// Thread: one.
class RefusalBook {
public:
    using Milliseconds = std::chrono::milliseconds;
    static constexpr std::uint32_t kTopicTries = 4;
    static constexpr std::uint32_t kTries = 8;
    static constexpr std::chrono::minutes kLong{10};
    static constexpr std::size_t kMax = 4096;  // remembered; beyond that, the oldest is forgotten

    // A new connection: whether it is of use is not known yet.
    void reconnected() { passed_here_ = false; }
    // A batch was accepted.
    void passed(std::uint64_t position, Lane lane);
    // Whether a batch was accepted on this connection.
    [[nodiscard]] bool of_use() const { return passed_here_; }

    Ruling rule(const Refusal& refusal, SteadyTime now);
    // When the batch may be tried again, if that is not yet.
    [[nodiscard]] std::optional<SteadyTime> not_before(
        Lane lane, std::uint64_t position, SteadyTime now
    ) const;
    // The batch is gone.
    void forget(Lane lane, std::uint64_t position);

private:
    using Key = std::pair<Lane, std::uint64_t>;
    struct Entry {
        std::uint32_t attempts = 0;
        SteadyTime first{};
        SteadyTime not_before{};
        std::uint64_t passed_before = 0;
    };
    Entry& entry_of(const Refusal& refusal, SteadyTime now);
    [[nodiscard]] bool is_hopeless(const Refusal& refusal, const Entry& entry, SteadyTime now)
        const;

    std::map<Key, Entry> entries_;
    std::uint64_t passed_ = 0;  // batches accepted, ever
    bool passed_here_ = false;
};

}  // namespace cxedge::uplink
