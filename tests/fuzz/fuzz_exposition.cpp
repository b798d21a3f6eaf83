// SPDX-License-Identifier: Apache-2.0
// What exporters answer to a scrape.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/prometheus/exposition.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace plugins = cxedge::plugins;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const bool open_metrics : {false, true}) {
        std::size_t samples = 0;
        const auto count = [&](const plugins::ExposedSample& sample) {
            ++samples;
            const bool inside =
                sample.series_text.data() >= text.data() &&
                sample.series_text.data() + sample.series_text.size() <= text.data() + text.size();
            if (sample.name.empty() || !inside || (sample.time_ms && *sample.time_ms < 0)) {
                std::abort();
            }
        };
        if (plugins::Exposition(open_metrics).read(text, count).samples < samples) {
            std::abort();
        }
    }
    return 0;
}
