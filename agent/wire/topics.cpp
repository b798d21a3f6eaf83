// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/topics.hpp"

#include <algorithm>
#include <cassert>

namespace cxedge::wire {
namespace {

constexpr std::string_view kPrefix = "cx/1/";

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Takes the first level off `rest`.
std::string_view take_level(std::string_view& rest) {
    const std::string_view level = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), level.size() + 1));
    return level;
}

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

bool is_data(std::string_view rest) {
    if (rest == "up/evt" || rest == "up/health") {
        return true;
    }
    for (const std::string_view prefix : {"up/live/", "up/back/"}) {
        if (starts_with(rest, prefix)) {
            return valid_topic_name(rest.substr(prefix.size()));
        }
    }
    return false;
}

bool is_dictionary(std::string_view rest) {
    if (rest == "dict") {
        return true;
    }
    constexpr std::string_view kParts = "dict/";
    if (!starts_with(rest, kParts)) {
        return false;
    }
    const std::string_view part = rest.substr(kParts.size());
    return !part.empty() && part.size() <= 6 && std::all_of(part.begin(), part.end(), is_digit);
}

TopicKind kind_of(std::string_view rest) {
    if (is_data(rest)) {
        return TopicKind::data;
    }
    if (is_dictionary(rest)) {
        return TopicKind::dictionary;
    }
    return rest == "state" ? TopicKind::state : TopicKind::other;
}

}  // namespace

bool valid_topic_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxTopicName &&
           std::all_of(name.begin(), name.end(), is_name_character);
}

Topics::Topics(std::string_view tenant, std::string_view site, std::string_view node)
    : prefix_(kPrefix) {
    for (const std::string_view name : {tenant, site, node}) {
        assert(valid_topic_name(name));
        prefix_.append(name).push_back('/');
    }
}

std::string Topics::data(Stream stream, bool backfill) const {
    switch (stream) {
        case Stream::event:
            return prefix_ + "up/evt";
        case Stream::health:
            return prefix_ + "up/health";
        case Stream::kpi:
            return prefix_ + (backfill ? "up/back/kpi" : "up/live/kpi");
        case Stream::bulk:
            break;
    }
    return prefix_ + (backfill ? "up/back/bulk" : "up/live/bulk");
}

std::string Topics::dictionary(unsigned part) const {
    return part == 0 ? prefix_ + "dict" : prefix_ + "dict/" + std::to_string(part);
}

std::string Topics::state() const {
    return prefix_ + "state";
}

std::string Topics::command_request() const {
    return prefix_ + "cmd/req";
}

std::string Topics::command_response() const {
    return prefix_ + "cmd/rsp";
}

std::string Topics::twin_desired() const {
    return prefix_ + "twin/desired";
}

std::string Topics::twin_reported() const {
    return prefix_ + "twin/reported";
}

std::string Topics::platform_ack() const {
    return prefix_ + "dn/ack";
}

std::string Topics::enrol_request() const {
    return prefix_ + "enrol/req";
}

std::string Topics::enrol_response() const {
    return prefix_ + "enrol/rsp";
}

std::string group_desired_topic(std::string_view tenant, std::string_view group) {
    assert(valid_topic_name(tenant) && valid_topic_name(group));
    return std::string(kPrefix).append(tenant).append("/group/").append(group) + "/twin/desired";
}

std::optional<TopicParts> parse_topic(std::string_view topic) {
    if (!starts_with(topic, kPrefix)) {
        return std::nullopt;
    }
    topic.remove_prefix(kPrefix.size());
    TopicParts parts;
    for (std::string* name : {&parts.tenant, &parts.site, &parts.node}) {
        const std::string_view level = take_level(topic);
        if (!valid_topic_name(level)) {
            return std::nullopt;
        }
        name->assign(level);
    }
    if (topic.empty()) {
        return std::nullopt;
    }
    parts.kind = kind_of(topic);
    parts.rest = topic;
    return parts;
}

}  // namespace cxedge::wire
