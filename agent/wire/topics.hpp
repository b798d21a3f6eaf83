// SPDX-License-Identifier: Apache-2.0
// cx/1/{tenant}/{site}/{node}/... in one place, for both ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/lane.hpp"

namespace cxedge::wire {

// What a tenant, site or node may be called: 1 to 64 letters, digits and `._-`. Nothing else, so
// that no name can hold a wildcard, a separator or an empty level. The configuration checks its
// names with this before anything is built.
inline constexpr std::size_t kMaxTopicName = 64;
bool valid_topic_name(std::string_view name);

class Topics {
public:
    // Requires: valid_topic_name() for each.
    Topics(std::string_view tenant, std::string_view site, std::string_view node);

    // up/live/kpi, up/back/kpi, up/evt, up/health ...
    [[nodiscard]] std::string data(Stream stream, bool backfill) const;
    [[nodiscard]] std::string dictionary(unsigned part) const;  // dict, dict/1, ...
    [[nodiscard]] std::string state() const;
    [[nodiscard]] std::string command_request() const;
    // Answers to those who ask for them with a response topic here or below.
    [[nodiscard]] std::string command_response() const;
    [[nodiscard]] std::string twin_desired() const;
    [[nodiscard]] std::string twin_reported() const;
    [[nodiscard]] std::string platform_ack() const;  // dn/ack, written by the platform
    [[nodiscard]] std::string enrol_request() const;
    [[nodiscard]] std::string enrol_response() const;

private:
    std::string prefix_;
};

// Documents for a group of nodes.
std::string group_desired_topic(std::string_view tenant, std::string_view group);

enum class TopicKind { data, dictionary, state, other };
struct TopicParts {
    std::string tenant;
    std::string site;
    std::string node;
    TopicKind kind = TopicKind::other;
    std::string rest;  // after the node: "up/live/kpi"
};
// Empty for a topic that is not ours: another prefix or version, or a name that is not valid.
std::optional<TopicParts> parse_topic(std::string_view topic);

}  // namespace cxedge::wire
