// SPDX-License-Identifier: Apache-2.0
// What a number is about. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge {

enum class Kind : std::uint8_t {
    gauge,      // a level: temperature, occupancy
    counter,    // cumulative since some start; restarts and wraps are told apart downstream
    delta,      // increments: each value adds to a total
    histogram,  // single observations of a distribution: a wait in seconds
    state,      // one of a declared list; the value is the index into SeriesInfo::states
};

std::string_view to_string(Kind kind);
bool parse_kind(std::string_view text, Kind& kind);

struct Dimension {
    std::string key;
    std::string value;
    auto operator<=>(const Dimension&) const = default;
};

// Identity of a series: a metric and its dimensions, sorted by key, keys unique (see normalise()).
struct SeriesKey {
    std::string metric;  // dotted lower-case words: "store.footfall.in"
    std::vector<Dimension> dims;
    auto operator<=>(const SeriesKey&) const = default;
};

// "store.footfall.in{door=main}": for people and for lookups.
std::string to_string(const SeriesKey& key);

// Limits that keep one bad sender from filling the dictionary.
inline constexpr std::size_t kMaxNameLength = 128;
inline constexpr std::size_t kMaxDimensions = 16;
inline constexpr std::size_t kMaxDimensionLength = 128;

struct SeriesInfo {
    SeriesKey key;
    Kind kind = Kind::gauge;
    std::string unit;                 // UCUM: "s", "By", "1", "{person}"; empty = ask the catalogue
    std::vector<std::string> states;  // Kind::state only: at least 2 texts, value = index
    std::uint8_t counter_bits = 0;  // Kind::counter: 16, 32 or 64 where the device wraps; 0 = never
    // Kind::counter only: the device begins again from 0 at this time of its local day (minutes
    // since midnight), which is that of the box.
    std::optional<std::chrono::minutes> resets_at{};
    bool operator==(const SeriesInfo&) const = default;
};

// Sorts the dimensions and checks names, lengths and limits. Metric names hold letters, digits and
// `._/-`, dimension keys letters, digits and `._-`, values any UTF-8 without control characters.
// invalid_argument says which part is wrong.
Status normalise(SeriesInfo& info);

// Number of a declared series, dense from 0, valid for the life of the process.
enum class SeriesId : std::uint32_t {};
inline std::uint32_t index_of(SeriesId id) {
    return static_cast<std::uint32_t>(id);
}

}  // namespace cxedge
