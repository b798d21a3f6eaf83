// SPDX-License-Identifier: Apache-2.0
// Lines that local software sends to statsd and kpi_socket, and prints for exec.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/_devices/influx_line.hpp"
#include "plugins/_devices/kpi_line.hpp"
#include "plugins/_devices/line_splitter.hpp"
#include "plugins/kpi_socket/kpi_json.hpp"
#include "plugins/statsd/statsd_line.hpp"

namespace {

// However the bytes are cut, the lines are the same and none is longer than allowed.
void check_splitter(std::string_view bytes) {
    constexpr std::size_t kLongest = 16;
    std::string whole;
    std::string pieces;
    cxedge::devices::LineSplitter one(kLongest);
    one.feed(bytes, [&](std::string_view line, bool too_long) {
        whole.append(line).append(too_long ? "!\n" : "\n");
        if (line.size() > kLongest) {
            std::abort();
        }
    });
    cxedge::devices::LineSplitter many(kLongest);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        many.feed(bytes.substr(i, 1), [&](std::string_view line, bool too_long) {
            pieces.append(line).append(too_long ? "!\n" : "\n");
        });
    }
    if (whole != pieces || one.has_partial() != many.has_partial()) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace devices = cxedge::devices;
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
    if (const auto text = devices::parse_kpi_line(line)) {
        static_cast<void>(devices::parse_kpi_series(text->series));
    }
    static_cast<void>(plugins::parse_kpi_json(line));
    if (const auto influx = devices::parse_influx_line(line)) {
        // A point without a name or a number is none.
        if (influx->measurement.empty() || influx->fields.empty()) {
            std::abort();
        }
    }
    check_splitter(line);
    return 0;
}
