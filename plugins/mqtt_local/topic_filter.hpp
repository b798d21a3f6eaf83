// SPDX-License-Identifier: Apache-2.0
// Topic filters (MQTT 3.1.1 section 4.7), and patterns that take names out of topics. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cxedge::plugins {

// Empty, or what is wrong with a filter.
std::string check_filter(const std::string& filter);
bool matches(std::string_view filter, std::string_view topic);
// Every topic of `narrow` is one of `wide`, too.
bool covers(std::string_view wide, std::string_view narrow);

// "shop/+room/+device": names for levels; "#device", as the last level, names the rest; "+", "#"
// and other texts as in a filter.
using TopicNames = std::vector<std::pair<std::string, std::string>>;  // name, what the topic says
// Empty, or what is wrong with a pattern.
std::string check_pattern(const std::string& pattern);
// Nothing: the topic does not fit.
std::optional<TopicNames> names_in(std::string_view topic, std::string_view pattern);

}  // namespace cxedge::plugins
