// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/plugin_api/host.hpp"

#include "plugins/statsd/statsd_line.hpp"

namespace cxedge::plugins {

// From the bytes of a line to its series, without allocation for a line whose name, type and tags
// were seen before. Bounded: a sender that makes up names fills `capacity` and no more. Also
// remembers refusals, so that a refused name costs one lookup and one log line.
class SeriesTable {
public:
    struct Naming {
        std::string prefix;                                     // put in front of every name
        std::vector<std::pair<std::string, std::string>> dims;  // a tag of the same key wins
    };
    struct Series {
        SeriesId id{};
        double level = 0;  // last value of a gauge, for signed changes
        // Hashes of the members of a set since the last flush; never the members.
        std::unordered_set<std::uint64_t> members;
    };

    SeriesTable(Naming naming, std::size_t capacity)
        : naming_(std::move(naming)), capacity_(capacity) {}

    // Null: refused now or before.
    Series* find_or_declare(const StatsdLine& line, Host& host);

    // Every series that is a set with members.
    void for_each_set(const std::function<void(Series&)>& visit);

private:
    struct TextHash {
        // A name of the standard library.
        using is_transparent = void;  // NOLINT(readability-identifier-naming)
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    Series* declare(const StatsdLine& line, Host& host);
    [[nodiscard]] SeriesInfo info_of(const StatsdLine& line) const;
    void say_refused(const StatsdLine& line, const Error& why, Host& host);

    Naming naming_;
    std::size_t capacity_;
    std::string key_;  // "name|type|tags", reused
    std::unordered_map<std::string, Series*, TextHash, std::equal_to<>> by_text_;
    std::map<std::uint32_t, Series> by_id_;  // nodes do not move; sets are reported in this order
    std::unordered_set<std::string> said_;
};

}  // namespace cxedge::plugins
