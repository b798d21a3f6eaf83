// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/topic_filter.hpp"

#include <algorithm>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kLongestFilter = 1024;

std::vector<std::string_view> split_levels(std::string_view topic) {
    std::vector<std::string_view> levels;
    for (std::size_t begin = 0; begin <= topic.size();) {
        const std::size_t end = std::min(topic.find('/', begin), topic.size());
        levels.push_back(topic.substr(begin, end - begin));
        begin = end + 1;
    }
    return levels;
}

// A wildcard first does not reach the broker's own topics.
bool hidden(std::string_view filter, std::string_view topic) {
    return topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'));
}

// Whether `other`, a level of a filter or topic, is among what `level` stands for.
bool level_covers(std::string_view level, std::string_view other) {
    return level == "+" ? other != "#" : level == other;
}

bool is_named(std::string_view level) {
    return level.size() > 1 && (level[0] == '+' || level[0] == '#');
}

bool is_good_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string check_levels(const std::vector<std::string_view>& levels) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const std::string_view level = levels[i];
        if (level.find_first_of("+#") != std::string_view::npos && level.size() > 1) {
            return "`+` and `#` stand alone in their level";
        }
        if (level == "#" && i + 1 < levels.size()) {
            return "`#` is the last level";
        }
    }
    return {};
}

}  // namespace

std::string check_filter(const std::string& filter) {
    if (filter.empty() || filter.size() > kLongestFilter) {
        return "must have 1 to 1024 bytes";
    }
    if (filter.starts_with("$share/")) {
        return "shared subscriptions are for several clients; there is one here";
    }
    return check_levels(split_levels(filter));
}

bool matches(std::string_view filter, std::string_view topic) {
    return !hidden(filter, topic) && covers(filter, topic);
}

bool covers(std::string_view wide, std::string_view narrow) {
    const auto w = split_levels(wide);
    const auto n = split_levels(narrow);
    for (std::size_t i = 0; i < w.size(); ++i) {
        if (w[i] == "#") {
            return !hidden(wide, narrow);
        }
        if (i >= n.size() || !level_covers(w[i], n[i])) {
            return false;
        }
    }
    return w.size() == n.size() && !hidden(wide, narrow);
}

std::string check_pattern(const std::string& pattern) {
    if (pattern.empty()) {
        return {};
    }
    std::vector<std::string_view> levels = split_levels(pattern);
    bool names_device = false;
    for (std::string_view& level : levels) {
        if (!is_named(level)) {
            continue;
        }
        if (!is_good_name(level.substr(1))) {
            return "a name after `+` or `#` has lower-case letters, digits and `_`";
        }
        names_device = names_device || level.substr(1) == "device";
        level = level.substr(0, 1);
    }
    if (std::string wrong = check_levels(levels); !wrong.empty()) {
        return wrong;
    }
    return names_device ? std::string() : "names no level `+device` or `#device`";
}

std::optional<TopicNames> names_in(std::string_view topic, std::string_view pattern) {
    const auto levels = split_levels(topic);
    const auto wanted = split_levels(pattern);
    TopicNames names;
    std::size_t begin = 0;  // of the level in the topic
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i >= levels.size()) {
            return std::nullopt;
        }
        const bool rest = wanted[i].starts_with('#');
        const bool any = rest || wanted[i].starts_with('+');
        if (!any && wanted[i] != levels[i]) {
            return std::nullopt;
        }
        if (is_named(wanted[i])) {
            names.emplace_back(wanted[i].substr(1), rest ? topic.substr(begin) : levels[i]);
        }
        if (rest) {
            return names;
        }
        begin += levels[i].size() + 1;
    }
    return wanted.size() == levels.size() ? std::optional(names) : std::nullopt;
}

}  // namespace cxedge::plugins
