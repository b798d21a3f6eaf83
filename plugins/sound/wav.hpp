// SPDX-License-Identifier: Apache-2.0
// WAV files: where the samples are and what they are. Pure and total: any bytes give a format or an
// error; a fuzz target. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::plugins {

enum class SampleCode : std::uint8_t { u8, s16, s24, s32, f32, f64 };
std::size_t bytes_of(SampleCode code);

struct WavFormat {
    SampleCode code = SampleCode::s16;
    std::size_t channels = 1;
    std::uint32_t rate = 48'000;
    std::uint64_t data_at = 0;  // offset of the first sample
    // Bytes of samples; what streaming programs leave open (0 or all ones) is "to the end".
    std::uint64_t data_size = 0;

    [[nodiscard]] std::size_t frame_bytes() const { return bytes_of(code) * channels; }
};

// `head`: the file from its beginning, at least until the chunk "data" begins; chunks that are not
// known are skipped. invalid_argument: no WAV file, or a coding that is not PCM or float.
Result<WavFormat> parse_wav(std::string_view head);

// Samples of one channel, 0 the first, at full scale 1; what is no number is 0. A rest of `bytes`
// that is no whole frame is left out.
void decode_frames(
    std::span<const std::byte> bytes,
    const WavFormat& format,
    std::size_t channel,
    std::vector<float>& out
);

}  // namespace cxedge::plugins
