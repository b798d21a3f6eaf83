// SPDX-License-Identifier: Apache-2.0
// Lines that local software sends to statsd and kpi_socket.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/kpi_socket/kpi_json.hpp"
#include "plugins/kpi_socket/kpi_line.hpp"
#include "plugins/statsd/statsd_line.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace plugins = cxedge::plugins;
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    if (const auto statsd = plugins::parse_statsd_line(line)) {
        const bool numbers = plugins::has_only_numbers(statsd->values);
        plugins::split_tags(statsd->tags);
        // What passed as a line has a name, and a rate that can be divided by.
        if (statsd->name.empty() || !(statsd->rate > 0) || (numbers && statsd->values.empty())) {
            std::abort();
        }
    }
    if (const auto text = plugins::parse_kpi_line(line)) {
        static_cast<void>(plugins::parse_kpi_series(text->series));
    }
    static_cast<void>(plugins::parse_kpi_json(line));
    return 0;
}
