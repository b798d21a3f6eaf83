// SPDX-License-Identifier: Apache-2.0
// What is known of each node from what nodes publish: the twin's report, whether it is connected,
// and how far it is behind (its own metrics, every agent.heartbeat_s). Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/ctl/line_writer.hpp"
#include "agent/ctl/receiver.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/reported.hpp"

namespace cxedge::ctl {

// What waits on a node, as it said itself last.
struct Backlog {
    double oldest_s = 0;      // of all lanes
    std::uint64_t bytes = 0;  // of the whole spool
    bool operator==(const Backlog&) const = default;
};

struct NodeView {
    std::string name;                               // tenant/site/node
    std::optional<wire::Reported> reported;         // none: it follows nobody's key
    std::optional<wire::NodeState> connection;      // none: never heard
    std::optional<Backlog> backlog;                 // none: not said since we listen
    std::map<std::string, std::string> unreadable;  // by the end of the topic: what is wrong
    WallTime seen{};                                // the last sign of life; 0: none
};

enum class NodeVerdict : std::uint8_t {
    well,       // connected, and runs what it was given last
    under_way,  // staged, applying, on trial, rolling back
    wrong,      // rejected, rolled back, not connected, or says what cannot be read
};
std::string_view to_string(NodeVerdict verdict);
NodeVerdict verdict_of(const NodeView& node);

// Which nodes: "tenant/site/node", + stands for any. invalid_argument: it is something else.
Result<std::vector<std::string>> fleet_filters(const std::string& nodes);

class FleetBoard final : private LineWriter {
public:
    explicit FleetBoard(const Clock& clock);
    FleetBoard(const FleetBoard&) = delete;
    FleetBoard& operator=(const FleetBoard&) = delete;
    FleetBoard(FleetBoard&&) = delete;
    FleetBoard& operator=(FleetBoard&&) = delete;
    ~FleetBoard() override = default;

    // Publishes a request for a dictionary on that topic.
    void on_ask(Receiver::Ask ask) { receiver_.on_ask(std::move(ask)); }
    // Any payload: what it cannot read it shows as such. The node's name; empty: no topic of ours.
    std::string hear(const std::string& topic, std::string_view payload);
    // Call about once a second.
    void tick() { receiver_.tick(); }

    [[nodiscard]] const std::map<std::string, NodeView>& nodes() const { return nodes_; }

private:
    void batch(const ShownBatch& batch) override;
    void node_state(const Origin& origin, const wire::NodeState& state) override;
    void hear_report(NodeView& node, std::string_view payload) const;
    void saw(NodeView& node, WallTime at) const;
    NodeView& node(const std::string& name);

    const Clock& clock_;
    std::map<std::string, NodeView> nodes_;  // by name
    Receiver receiver_;
};

}  // namespace cxedge::ctl
