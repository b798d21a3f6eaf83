// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_packet.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::probes {
namespace {

constexpr std::uint64_t kNtpEpoch = 2'208'988'800;  // 1900 to 1970: RFC 5905, figure 4
constexpr std::int64_t kNsPerS = 1'000'000'000;
constexpr std::uint64_t kEraSeconds = 1ULL << 32U;

constexpr unsigned kSyncBit = 0x8000;
constexpr unsigned kPtpBit = 0x4000;
constexpr unsigned kMostScale = 63;
constexpr double kMostMultiplier = 255;

// RFC 8972, 4: flag U ("not understood") is set by the sender, for a reflector that knows no TLVs
// to leave it so.
constexpr char kTlvUnrecognised = '\x80';
constexpr char kTlvExtraPadding = 1;
constexpr std::size_t kTlvHeader = 4;

// Where the fields of a packet begin.
struct StampLayout {
    std::size_t time;
    std::size_t error;
    std::size_t session;
    std::size_t received;
    std::size_t sender_sequence;
    std::size_t sender_time;
    std::size_t sender_error;
    std::size_t ttl;
};
constexpr StampLayout kPlainLayout{4, 12, 14, 16, 24, 28, 36, 40};
constexpr StampLayout kAuthenticatedLayout{16, 24, 26, 32, 48, 64, 72, 80};

const StampLayout& layout_of(StampMode mode) {
    return mode == StampMode::authenticated ? kAuthenticatedLayout : kPlainLayout;
}

std::size_t shortest_of(StampMode mode) {
    return mode == StampMode::authenticated ? kStampAuthenticatedBytes : kStampShortestBytes;
}

template <class T>
void put_field(std::string& packet, std::size_t at, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        const std::size_t shift = 8 * (sizeof(T) - 1 - i);
        packet[at + i] = static_cast<char>(static_cast<unsigned char>(value >> shift));
    }
}

// The caller has checked that it is inside.
template <class T>
T take_field(std::string_view packet, std::size_t at) {
    T value = 0;
    for (const char byte : packet.substr(at, sizeof(T))) {
        value = static_cast<T>(value << 8U) | static_cast<unsigned char>(byte);
    }
    return value;
}

// xorshift (Marsaglia 2003): padding shall not compress, nothing more.
void fill_padding(std::string& packet, std::size_t from, std::uint32_t seed) {
    std::uint32_t state = seed * 2'654'435'761U | 1U;
    for (std::size_t i = from; i < packet.size(); ++i) {
        state ^= state << 13U;
        state ^= state >> 17U;
        state ^= state << 5U;
        packet[i] = static_cast<char>(static_cast<unsigned char>(state));
    }
}

void add_padding(std::string& packet, std::size_t base, std::uint32_t seed) {
    if (packet.size() < base + kTlvHeader) {
        return;  // too little for a TLV: zeros
    }
    packet[base] = kTlvUnrecognised;
    packet[base + 1] = kTlvExtraPadding;
    put_field(packet, base + 2, static_cast<std::uint16_t>(packet.size() - base - kTlvHeader));
    fill_padding(packet, base + kTlvHeader, seed);
}

}  // namespace

std::uint16_t encode_error_estimate(const StampErrorEstimate& estimate) {
    unsigned scale = 0;
    double multiplier = std::ceil(std::max(0.0, estimate.seconds) * 0x1p32);
    while (multiplier > kMostMultiplier && scale < kMostScale) {
        multiplier = std::ceil(multiplier / 2);
        ++scale;
    }
    // A multiplier of 0 would be a corrupt packet (RFC 4656, 4.1.2).
    const auto units = static_cast<unsigned>(std::clamp(multiplier, 1.0, kMostMultiplier));
    return static_cast<std::uint16_t>(
        (estimate.synchronised ? kSyncBit : 0U) | (estimate.ptp ? kPtpBit : 0U) | (scale << 8U) |
        units
    );
}

StampErrorEstimate decode_error_estimate(std::uint16_t field) {
    const int scale = static_cast<int>((field >> 8U) & kMostScale);
    return {
        (field & kSyncBit) != 0,
        (field & kPtpBit) != 0,
        std::ldexp(static_cast<double>(field & 0xFFU), scale - 32)};
}

std::uint64_t encode_ntp(std::int64_t realtime_ns) {
    std::int64_t seconds = realtime_ns / kNsPerS;
    std::int64_t rest = realtime_ns % kNsPerS;
    if (rest < 0) {
        rest += kNsPerS;
        --seconds;
    }
    const std::uint64_t of_era = (static_cast<std::uint64_t>(seconds) + kNtpEpoch) % kEraSeconds;
    // Rounded to the nearest 233 ps; below a whole second, because rest is.
    const std::uint64_t fraction =
        ((static_cast<std::uint64_t>(rest) << 32U) + kNsPerS / 2) / kNsPerS;
    return (of_era << 32U) | fraction;
}

std::int64_t decode_stamp_time(std::uint64_t field, bool ptp) {
    const std::uint64_t seconds = field >> 32U;
    const std::uint64_t rest = field & 0xFFFFFFFFU;
    if (ptp) {
        return static_cast<std::int64_t>(seconds) * kNsPerS + static_cast<std::int64_t>(rest);
    }
    // RFC 4330, 3: with the highest bit 1968..2036, without it 2036..2104.
    const std::uint64_t era = (seconds & 0x80000000U) != 0 ? 0 : kEraSeconds;
    const auto since_1970 =
        static_cast<std::int64_t>(seconds + era) - static_cast<std::int64_t>(kNtpEpoch);
    // Never up to the next second: the last one before 2104 would be the first of 1968.
    const std::uint64_t ns =
        std::min<std::uint64_t>((rest * kNsPerS + (1ULL << 31U)) >> 32U, kNsPerS - 1);
    return since_1970 * kNsPerS + static_cast<std::int64_t>(ns);
}

std::string encode_stamp_request(StampMode mode, const StampRequest& request, std::size_t size) {
    const StampLayout& at = layout_of(mode);
    std::string packet(std::clamp(size, stamp_base(mode), kStampLongestBytes), '\0');
    put_field(packet, 0, request.sequence);
    put_field(packet, at.time, request.time);
    put_field(packet, at.error, request.error_estimate);
    put_field(packet, at.session, request.session);
    add_padding(packet, stamp_base(mode), request.sequence);
    return packet;
}

std::optional<StampRequest> decode_stamp_request(StampMode mode, std::string_view bytes) {
    if (bytes.size() < shortest_of(mode)) {
        return std::nullopt;
    }
    const StampLayout& at = layout_of(mode);
    return StampRequest{
        take_field<std::uint32_t>(bytes, 0),
        take_field<std::uint64_t>(bytes, at.time),
        take_field<std::uint16_t>(bytes, at.error),
        take_field<std::uint16_t>(bytes, at.session)};
}

std::string encode_stamp_reply(
    StampMode mode, const StampReply& reply, std::string_view request_bytes
) {
    const StampLayout& at = layout_of(mode);
    std::string packet(request_bytes);
    std::fill_n(packet.begin(), std::min(packet.size(), stamp_base(mode)), '\0');
    put_field(packet, 0, reply.sequence);
    put_field(packet, at.time, reply.time);
    put_field(packet, at.error, reply.error_estimate);
    put_field(packet, at.session, reply.session);
    put_field(packet, at.received, reply.received);
    put_field(packet, at.sender_sequence, reply.request.sequence);
    put_field(packet, at.sender_time, reply.request.time);
    put_field(packet, at.sender_error, reply.request.error_estimate);
    put_field(packet, at.ttl, reply.ttl);
    return packet;
}

std::optional<StampReply> decode_stamp_reply(StampMode mode, std::string_view bytes) {
    if (bytes.size() < shortest_of(mode)) {
        return std::nullopt;
    }
    const StampLayout& at = layout_of(mode);
    StampReply reply;
    reply.sequence = take_field<std::uint32_t>(bytes, 0);
    reply.time = take_field<std::uint64_t>(bytes, at.time);
    reply.error_estimate = take_field<std::uint16_t>(bytes, at.error);
    reply.session = take_field<std::uint16_t>(bytes, at.session);
    reply.received = take_field<std::uint64_t>(bytes, at.received);
    reply.request.sequence = take_field<std::uint32_t>(bytes, at.sender_sequence);
    reply.request.time = take_field<std::uint64_t>(bytes, at.sender_time);
    reply.request.error_estimate = take_field<std::uint16_t>(bytes, at.sender_error);
    reply.ttl = take_field<std::uint8_t>(bytes, at.ttl);
    return reply;
}

}  // namespace cxedge::probes
