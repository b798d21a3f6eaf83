// SPDX-License-Identifier: Apache-2.0
// Registers of Modbus devices in every type and order, and the requests for any map of them.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "plugins/modbus/read_plan.hpp"
#include "plugins/modbus/register_value.hpp"

namespace {

namespace plugins = cxedge::plugins;

void decode(std::span<const std::uint8_t> bytes) {
    plugins::RegisterCode code;
    code.type = static_cast<plugins::RegisterType>(bytes[0] % plugins::register_types().size());
    code.low_word_first = (bytes[1] & 1U) != 0;
    code.low_byte_first = (bytes[1] & 2U) != 0;
    code.bit = (bytes[1] & 4U) != 0 ? bytes[1] >> 4U : -1;
    std::vector<std::uint16_t> words;
    for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
        words.push_back(static_cast<std::uint16_t>((bytes[i] << 8U) | bytes[i + 1]));
    }
    const auto value = plugins::decode_registers(words, code);
    if (value && words.size() < plugins::words_of(code.type)) {
        std::abort();
    }
    if (value && !std::isfinite(*value)) {
        std::abort();
    }
}

// Each place is in exactly one request that holds all of it.
void plan(std::span<const std::uint8_t> bytes) {
    std::vector<plugins::RegisterPlace> places;
    for (std::size_t i = 2; i + 3 < bytes.size(); i += 4) {
        plugins::RegisterPlace place;
        place.table = static_cast<plugins::RegisterTable>(bytes[i] % 4);
        place.start = static_cast<std::uint16_t>((bytes[i + 1] << 8U) | bytes[i + 2]);
        place.words = static_cast<std::uint16_t>(1U << (bytes[i + 3] % 3U));
        place.alone = (bytes[i + 3] & 0x40U) != 0;
        place.by_word = (bytes[i + 3] & 0x80U) != 0;
        if (place.start + place.words <= 65'536) {
            places.push_back(place);
        }
    }
    std::vector<int> seen(places.size(), 0);
    const plugins::ReadLimits limits{1U + bytes[0] % 125U, bytes[1] % 125U};
    for (const plugins::ReadRequest& request : plugins::plan_reads(places, limits)) {
        for (const std::size_t item : request.items) {
            const plugins::RegisterPlace& place = places.at(item);
            ++seen[item];
            if (place.start < request.start ||
                place.start + place.words > request.start + request.count) {
                std::abort();
            }
        }
    }
    for (const int times : seen) {
        if (times != 1) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size >= 2) {
        decode({data, size});
        plan({data, size});
    }
    return 0;
}
