// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/wav.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

namespace cxedge::plugins {
namespace {

constexpr std::uint64_t kPcm = 1;
constexpr std::uint64_t kFloat = 3;
constexpr std::uint64_t kExtensible = 0xFFFE;
constexpr std::size_t kMostChannels = 32;
constexpr std::size_t kChunkHead = 8;

// Little endian.
std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t i = size; i-- > 0;) {
        number = (number << 8U) | static_cast<unsigned char>(bytes[at + i]);
    }
    return number;
}

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t i = size; i-- > 0;) {
        number = (number << 8U) | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return number;
}

std::optional<SampleCode> code_of(std::uint64_t tag, std::uint64_t bits) {
    if (tag == kFloat) {
        return bits == 32   ? std::optional(SampleCode::f32)
               : bits == 64 ? std::optional(SampleCode::f64)
                            : std::nullopt;
    }
    if (tag != kPcm) {
        return std::nullopt;
    }
    switch (bits) {
        case 8:
            return SampleCode::u8;
        case 16:
            return SampleCode::s16;
        case 24:
            return SampleCode::s24;
        case 32:
            return SampleCode::s32;
        default:
            return std::nullopt;
    }
}

// Chunk "fmt ": 16 bytes, of which the extensible form has 24 more.
Status read_format(std::string_view chunk, WavFormat& format) {
    constexpr std::size_t kShort = 16;
    constexpr std::size_t kSubFormat = 24;
    if (chunk.size() < kShort) {
        return invalid_argument("the chunk \"fmt \" is too short");
    }
    std::uint64_t tag = number_at(chunk, 0, 2);
    if (tag == kExtensible && chunk.size() >= kSubFormat + 2) {
        tag = number_at(chunk, kSubFormat, 2);
    }
    const std::optional<SampleCode> code = code_of(tag, number_at(chunk, 14, 2));
    if (!code) {
        return invalid_argument("samples must be PCM of 8, 16, 24 or 32 bits, or float");
    }
    format.code = *code;
    format.channels = static_cast<std::size_t>(number_at(chunk, 2, 2));
    format.rate = static_cast<std::uint32_t>(number_at(chunk, 4, 4));
    const bool sound = format.channels >= 1 && format.channels <= kMostChannels && format.rate > 0;
    return sound ? Status() : invalid_argument("the number of channels or the rate is impossible");
}

WavFormat with_data(WavFormat format, std::uint64_t at, std::uint64_t size) {
    const bool open = size == 0 || size == 0xFFFF'FFFFU;
    format.data_at = at;
    format.data_size = open ? std::numeric_limits<std::uint64_t>::max() - at : size;
    return format;
}

float sample_of(std::span<const std::byte> bytes, SampleCode code) {
    const std::uint64_t raw = number_at(bytes, bytes_of(code));
    switch (code) {
        case SampleCode::u8:
            return (static_cast<float>(raw) - 128.0F) / 128.0F;
        case SampleCode::s16:
            return static_cast<float>(static_cast<std::int16_t>(raw)) / 32'768.0F;
        case SampleCode::s24:
            return static_cast<float>(static_cast<std::int32_t>(raw << 8U)) / 2'147'483'648.0F;
        case SampleCode::s32:
            return static_cast<float>(static_cast<std::int32_t>(raw)) / 2'147'483'648.0F;
        case SampleCode::f32:
            return std::bit_cast<float>(static_cast<std::uint32_t>(raw));
        case SampleCode::f64:
            break;
    }
    // Beyond a float's range is beyond any sound's.
    return static_cast<float>(std::clamp(std::bit_cast<double>(raw), -1e6, 1e6));
}

}  // namespace

std::size_t bytes_of(SampleCode code) {
    switch (code) {
        case SampleCode::u8:
            return 1;
        case SampleCode::s16:
            return 2;
        case SampleCode::s24:
            return 3;
        case SampleCode::s32:
        case SampleCode::f32:
            return 4;
        case SampleCode::f64:
            break;
    }
    return 8;
}

Result<WavFormat> parse_wav(std::string_view head) {
    const std::string_view magic = head.substr(0, 4);
    if (head.size() < 12 || (magic != "RIFF" && magic != "RF64") || head.substr(8, 4) != "WAVE") {
        return invalid_argument("not a WAV file");
    }
    std::optional<WavFormat> format;
    // 64 bits: a chunk may claim to be as long as a gateway's addresses reach.
    for (std::uint64_t at = 12; at + kChunkHead <= head.size();) {
        const std::string_view chunk = head.substr(static_cast<std::size_t>(at));
        const std::string_view name = chunk.substr(0, 4);
        const auto size = static_cast<std::uint32_t>(number_at(chunk, 4, 4));
        at += kChunkHead;
        if (name == "data" && format) {
            return with_data(*format, at, size);
        }
        const bool describes = name == "fmt ";
        const Status read =
            describes ? read_format(chunk.substr(kChunkHead, size), format.emplace()) : Status();
        if (!read) {
            return read.error();
        }
        at += std::uint64_t{size} + (size & 1U);  // padded to an even size
    }
    return invalid_argument(
        format ? "the chunk \"data\" is missing" : "the chunk \"fmt \" is missing"
    );
}

void decode_frames(
    std::span<const std::byte> bytes,
    const WavFormat& format,
    std::size_t channel,
    std::vector<float>& out
) {
    const std::size_t frame = format.frame_bytes();
    const std::size_t skip = std::min(channel, format.channels - 1) * bytes_of(format.code);
    out.clear();
    for (std::size_t at = 0; at + frame <= bytes.size(); at += frame) {
        const float sample = sample_of(bytes.subspan(at + skip), format.code);
        out.push_back(std::isfinite(sample) ? sample : 0.0F);
    }
}

}  // namespace cxedge::plugins
