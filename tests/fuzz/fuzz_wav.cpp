// SPDX-License-Identifier: Apache-2.0
// WAV files.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/sound/wav.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace plugins = cxedge::plugins;
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    const auto format = plugins::parse_wav(file);
    if (!format) {
        return 0;
    }
    if (format->data_at > size || format->rate == 0 || format->channels == 0) {
        std::abort();
    }
    const std::string_view samples = file.substr(format->data_at, format->data_size);
    std::vector<float> out;
    plugins::decode_frames(std::as_bytes(std::span(samples)), *format, size % 3, out);
    for (const float sample : out) {
        if (!(sample >= -3.5e38) || !(sample <= 3.5e38)) {
            std::abort();
        }
    }
    return 0;
}
