// SPDX-License-Identifier: Apache-2.0
// What a node says about samples that nobody will receive: received + gaps + dead letters ==
// produced, for each lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/base/lane.hpp"

namespace cxedge {

// Numbers are those of cx.v1.Gap.Cause.
enum class GapCause : std::uint8_t {
    unknown = 0,
    quota = 1,        // dropped to make room: storage quota
    age = 2,          // dropped because it was older than its lane's age limit
    corrupt = 3,      // stored, and unreadable since
    uncommitted = 4,  // numbers that a crash or a power cut left unused, or what it took
    overflow = 5,     // storage refused and the memory behind it was full
    split = 6,        // nothing is lost: the batch was sent again in parts under later numbers
};
inline constexpr std::size_t kGapCauseCount = 7;
std::string_view to_string(GapCause cause);

struct Gap {
    Lane lane = Lane::live;
    std::uint64_t epoch = 0;
    // Inclusive; both 0: what is missing never had a number.
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    GapCause cause = GapCause::unknown;
    bool operator==(const Gap&) const = default;
};

// A batch that the broker refused for good.
struct DeadLetter {
    Lane lane = Lane::live;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint8_t reason = 0;  // MQTT 5.0 reason code of the last refusal; 0: too large to be sent
    std::uint32_t attempts = 0;
    bool operator==(const DeadLetter&) const = default;
};

// What one lane 0 message declares.
struct Declaration {
    std::vector<Gap> gaps;
    std::vector<DeadLetter> dead;
};

}  // namespace cxedge
