// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/fleet_board.hpp"

#include <algorithm>
#include <variant>

#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::string_view kReportTopic = "twin/reported";
constexpr std::string_view kAnyName = "+";

bool is_name_or_any(std::string_view level) {
    return level == kAnyName || wire::valid_topic_name(level);
}

// Samples of one heartbeat have nearly one time.
constexpr std::int64_t kSameHeartbeatMs = 5000;

// The newest heartbeat of a batch; lanes are series of their own.
struct Heartbeat {
    std::int64_t at_ms = 0;
    Backlog backlog;
    bool said = false;

    void take(const std::string& metric, double value, std::int64_t ms) {
        const bool age = metric == "agent.spool.oldest_age";
        if ((!age && metric != "agent.spool.bytes") || value < 0) {
            return;
        }
        if (ms > at_ms + kSameHeartbeatMs) {
            *this = {ms, {}, true};
        }
        if (age) {
            backlog.oldest_s = std::max(backlog.oldest_s, value);
        } else {
            backlog.bytes = static_cast<std::uint64_t>(value);
        }
    }
};

std::string name_of(const wire::TopicParts& parts) {
    return parts.tenant + "/" + parts.site + "/" + parts.node;
}

std::string name_of(const Origin& origin) {
    return origin.tenant + "/" + origin.site + "/" + origin.node;
}

}  // namespace

std::string_view to_string(NodeVerdict verdict) {
    switch (verdict) {
        case NodeVerdict::well:
            return "well";
        case NodeVerdict::under_way:
            return "under way";
        case NodeVerdict::wrong:
            return "wrong";
    }
    return "";
}

NodeVerdict verdict_of(const NodeView& node) {
    const bool away = node.connection && !node.connection->online;
    if (away || !node.unreadable.empty()) {
        return NodeVerdict::wrong;
    }
    if (!node.reported) {
        return NodeVerdict::well;
    }
    if (node.reported->phase != wire::TwinPhase::idle) {
        return NodeVerdict::under_way;
    }
    const wire::TwinOutcome outcome = node.reported->last_attempt.outcome;
    const bool failed =
        outcome == wire::TwinOutcome::rejected || outcome == wire::TwinOutcome::rolled_back;
    return failed ? NodeVerdict::wrong : NodeVerdict::well;
}

Result<std::vector<std::string>> fleet_filters(const std::string& nodes) {
    const std::size_t first = nodes.find('/');
    const std::size_t second = first == std::string::npos ? first : nodes.find('/', first + 1);
    const std::string_view text(nodes);
    const bool fits = second != std::string::npos && is_name_or_any(text.substr(0, first)) &&
                      is_name_or_any(text.substr(first + 1, second - first - 1)) &&
                      is_name_or_any(text.substr(second + 1));
    if (!fits) {
        return invalid_argument(
            "\"" + nodes + "\": nodes are tenant/site/node, with + for any: acme/+/+"
        );
    }
    const std::string prefix = "cx/1/" + nodes + "/";
    // The dictionary first: what is retained then comes before what needs it.
    return std::vector<std::string>{
        prefix + "dict/#", prefix + "state", prefix + "twin/reported", prefix + "up/health"};
}

FleetBoard::FleetBoard(const Clock& clock) : clock_(clock), receiver_({}, *this, clock) {
    // Its notes begin with the topic.
    receiver_.on_note([this](const std::string& text) {
        const std::size_t end = text.find(": ");
        if (const auto parts = wire::parse_topic(text.substr(0, end)); parts) {
            node(name_of(*parts)).unreadable[parts->rest] = text.substr(end + 2);
        }
    });
}

NodeView& FleetBoard::node(const std::string& name) {
    NodeView& node = nodes_[name];
    node.name = name;
    return node;
}

std::string FleetBoard::hear(const std::string& topic, std::string_view payload) {
    const auto parts = wire::parse_topic(topic);
    if (!parts || (parts->kind == wire::TopicKind::other && parts->rest != kReportTopic)) {
        return {};
    }
    std::string name = name_of(*parts);
    NodeView& from = node(name);
    from.unreadable.erase(parts->rest);
    if (parts->rest == kReportTopic) {
        hear_report(from, payload);
    } else {
        receiver_.receive(topic, payload);
    }
    return name;
}

void FleetBoard::hear_report(NodeView& node, std::string_view payload) const {
    if (payload.empty()) {
        node.reported.reset();  // the broker was told to forget it
        return;
    }
    auto reported = wire::decode_reported(payload);
    if (!reported) {
        node.unreadable[std::string(kReportTopic)] = reported.error().message;
        return;
    }
    saw(node, reported->at);
    node.reported = std::move(*reported);
}

void FleetBoard::node_state(const Origin& origin, const wire::NodeState& state) {
    NodeView& from = node(name_of(origin));
    saw(from, state.at);
    from.connection = state;
}

void FleetBoard::batch(const ShownBatch& batch) {
    NodeView& from = node(name_of(batch.origin));
    saw(from, clock_.wall_now());
    Heartbeat heartbeat;
    for (const Sample& sample : batch.body.samples) {
        const SeriesInfo* info = batch.dictionary.find(index_of(sample.series));
        const auto* value = std::get_if<double>(&sample.value);
        if (info != nullptr && value != nullptr) {
            heartbeat.take(info->key.metric, *value, sample.time.ms);
        }
    }
    if (heartbeat.said) {
        from.backlog = heartbeat.backlog;
    }
}

// A box's clock may be wrong, it is not seen in the future.
void FleetBoard::saw(NodeView& node, WallTime at) const {
    node.seen = std::max(node.seen, std::min(at, clock_.wall_now()));
}

}  // namespace cxedge::ctl
