// SPDX-License-Identifier: Apache-2.0
// Follows what nodes say of themselves, live. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/twin/fleet_board.hpp"
#include "agent/ctl/twin/fleet_table.hpp"

namespace cxedge::ctl {

struct WatchOptions {
    ConnectionOptions connection;
    std::string nodes = "+/+/+";  // tenant/site/node, + for any
    std::string group;            // only those that say they belong to it; empty: all
    double seconds = 0;           // stop after this time; 0: when interrupted, with once 2 s
    bool once = false;            // say how it is, and end
    bool json = false;
};

enum class WatchStyle : std::uint8_t {
    table,  // drawn anew in place
    lines,  // a line whenever something of a node changed
    page,   // with `once`: each node on a page of its own
};

class Watch {
public:
    struct Parts {
        uplink::Broker& broker;
        const Clock& clock;
        std::function<bool(std::string_view text)> print;  // false: nobody reads any more
        std::function<void(const std::string& text)> note;
        std::function<TableSize()> size;  // of the terminal, asked before each drawing
    };
    // What `parts` refers to outlives the watch. `filters`: fleet_filters() of the options' nodes.
    Watch(
        WatchOptions options,
        uplink::BrokerOptions connection,
        std::vector<std::string> filters,
        WatchStyle style,
        const Parts& parts
    );
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    Watch(Watch&&) = delete;
    Watch& operator=(Watch&&) = delete;
    ~Watch() = default;

    // One turn; false when there is no more to do.
    bool turn();
    [[nodiscard]] std::chrono::milliseconds pause() const { return link_.pause(); }
    // Says goodbye; with `once` prints what is known.
    void finish();
    // ok: all that was asked for is well; failed: a node is wrong; unavailable: no broker, no
    // node, or some are still under way. Without `once`: whether there was a connection.
    [[nodiscard]] ExitCode result() const;

private:
    [[nodiscard]] bool is_meant(const NodeView& node) const;
    [[nodiscard]] std::vector<const NodeView*> meant() const;
    [[nodiscard]] std::string line_of(const NodeView& node) const;
    void hear(const std::string& topic, std::string_view payload);
    void show(SteadyTime now);

    WatchOptions options_;
    WatchStyle style_;
    Parts parts_;
    FleetBoard board_;
    std::set<std::string> changed_;  // names, to be told as lines
    std::map<std::string, std::string> told_;
    BrokerLink link_;
    SteadyTime end_at_;
    SteadyTime tick_at_;
    bool reader_gone_ = false;
};

// A live table on a terminal, lines elsewhere.
ExitCode run_watch(const WatchOptions& options);

struct NodeStatusOptions {
    ConnectionOptions connection;
    std::string node;   // tenant/site/node
    double wait_s = 2;  // for what the broker keeps, and what comes meanwhile
    bool json = false;
};
// What the broker knows of one node, on a page. ok: it is well; failed: it is not; unavailable:
// nothing is known of it, or something is under way.
ExitCode run_node_status(const NodeStatusOptions& options);

}  // namespace cxedge::ctl
