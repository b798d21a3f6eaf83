// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace cxedge::uplink {

// From here on a reason code of MQTT 5.0 is a refusal (section 2.4).
inline constexpr std::uint8_t kNoMatchingSubscribers = 0x10;
inline constexpr std::uint8_t kFirstRefusal = 0x80;

namespace reasons {
inline constexpr std::uint8_t kUnsupportedVersion = 0x84;
inline constexpr std::uint8_t kNotAuthorised = 0x87;
inline constexpr std::uint8_t kServerShuttingDown = 0x8b;
inline constexpr std::uint8_t kTopicNameInvalid = 0x90;
inline constexpr std::uint8_t kPacketTooLarge = 0x95;
inline constexpr std::uint8_t kQuotaExceeded = 0x97;
inline constexpr std::uint8_t kPayloadFormatInvalid = 0x99;
}  // namespace reasons

// Refusals that say something about the topic, not about what was published to it.
inline bool speaks_of_the_topic(std::uint8_t reason) {
    return reason == reasons::kNotAuthorised || reason == reasons::kTopicNameInvalid;
}

// For people: "not authorised (0x87)".
std::string describe_reason(std::uint8_t code);

}  // namespace cxedge::uplink
