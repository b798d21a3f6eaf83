// SPDX-License-Identifier: Apache-2.0
// Test packets of STAMP (RFC 8762, 4.2 and 4.3), as bytes and as values. Answers of TWAMP Light
// reflectors (RFC 5357, 4.2.1) read the same. What a packet carries behind its base (RFC 8972:
// TLVs, or plain padding) is carried back untouched. Signing is in stamp_hmac.hpp. Pure. Thread:
// any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cxedge::probes {

inline constexpr std::uint16_t kStampPort = 862;  // RFC 8762, 4.1
// Bytes of UDP payload. The size of a request is the size of its answer.
inline constexpr std::size_t kStampPlainBytes = 44;           // RFC 8762, figures 2 and 5
inline constexpr std::size_t kStampAuthenticatedBytes = 112;  // figures 4 and 7
inline constexpr std::size_t kStampShortestBytes = 41;        // TWAMP: RFC 5357, 4.2.1
inline constexpr std::size_t kStampSignedBytes = 96;          // what the HMAC is of: RFC 8762, 4.4
inline constexpr std::size_t kStampLongestBytes = 9'000;      // one jumbo frame

enum class StampMode : std::uint8_t { unauthenticated, authenticated };
// The base of a packet of that mode.
constexpr std::size_t stamp_base(StampMode mode) {
    return mode == StampMode::authenticated ? kStampAuthenticatedBytes : kStampPlainBytes;
}

// RFC 4656, 4.1.2, with the Z of RFC 8186.
struct StampErrorEstimate {
    bool synchronised = false;  // S: the clock is set by something outside (UTC)
    bool ptp = false;           // Z: times are PTPv2 truncated, of whichever scale; else NTP
    double seconds = 0;         // up to 2^39, never told smaller than it is; 0 reads as "unknown"
};
std::uint16_t encode_error_estimate(const StampErrorEstimate& estimate);
StampErrorEstimate decode_error_estimate(std::uint16_t field);

// Nanoseconds since 1970 to the 64 bits of RFC 5905, and back (to the era 1968..2104); with `ptp`
// those of IEEE 1588: seconds and nanoseconds, 32 bits each.
std::uint64_t encode_ntp(std::int64_t realtime_ns);
std::int64_t decode_stamp_time(std::uint64_t field, bool ptp);

struct StampRequest {
    std::uint32_t sequence = 0;
    std::uint64_t time = 0;            // as on the wire
    std::uint16_t error_estimate = 0;  // likewise
    std::uint16_t session = 0;         // SSID (RFC 8972, 3); 0: none
};

struct StampReply {
    std::uint32_t sequence = 0;  // the reflector's; a stateless one repeats the sender's
    std::uint64_t time = 0;      // of its sending
    std::uint16_t error_estimate = 0;
    std::uint16_t session = 0;
    std::uint64_t received = 0;  // time at which the request came in
    StampRequest request;        // repeated, without its session
    std::uint8_t ttl = 0;        // hop limit the request came with
};

// `size` at least the base of the mode, at most kStampLongestBytes: what is beyond is an Extra
// Padding TLV (RFC 8972, 4.1) of pseudo-random bytes. The HMAC is left zero.
std::string encode_stamp_request(StampMode mode, const StampRequest& request, std::size_t size);
// Nothing: too short. Requests of 41 bytes are taken, because TWAMP Light senders send them.
std::optional<StampRequest> decode_stamp_request(StampMode mode, std::string_view bytes);

// Exactly as long as `request_bytes`, whose rest behind the base it repeats; `request_bytes` is one
// that decode_stamp_request() takes. The HMAC is left zero.
std::string encode_stamp_reply(
    StampMode mode, const StampReply& reply, std::string_view request_bytes
);
std::optional<StampReply> decode_stamp_reply(StampMode mode, std::string_view bytes);

}  // namespace cxedge::probes
