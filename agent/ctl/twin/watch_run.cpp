// SPDX-License-Identifier: Apache-2.0
// watch, and status of a node, with a connection.
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/ctl/terminal.hpp"
#include "agent/ctl/twin/watch.hpp"

namespace cxedge::ctl {
namespace {

TableSize terminal_size() {
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    return known ? TableSize{size.ws_col, size.ws_row} : TableSize{};
}

// Turned until it is over or somebody interrupts.
ExitCode watch_nodes(const WatchOptions& options, WatchStyle style) {
    auto signal = StopSignal::create();
    const auto connection = broker_options(options.connection);
    if (!signal || !connection) {
        return fail(signal ? connection.error() : signal.error());
    }
    const auto filters = fleet_filters(options.nodes);
    if (!filters) {
        return fail(filters.error());
    }
    const SystemClock clock;
    const auto broker = uplink::make_mosquitto_broker();
    const Watch::Parts parts{*broker, clock, write_out, note, terminal_size};
    Watch watch(options, *connection, *filters, style, parts);
    while (watch.turn() && !signal->within(watch.pause())) {
    }
    watch.finish();
    return watch.result();
}

}  // namespace

ExitCode run_watch(const WatchOptions& options) {
    const bool live = !options.json && !options.once && ::isatty(STDOUT_FILENO) == 1;
    return watch_nodes(options, live ? WatchStyle::table : WatchStyle::lines);
}

ExitCode run_node_status(const NodeStatusOptions& options) {
    if (options.node.find('+') != std::string::npos) {
        return fail(invalid_argument("NODE is one node: tenant/site/node, as cxctl watch shows it")
        );
    }
    WatchOptions once;
    once.connection = options.connection;
    once.nodes = options.node;
    once.once = true;
    once.json = options.json;
    once.seconds = options.wait_s;
    return watch_nodes(once, WatchStyle::page);
}

}  // namespace cxedge::ctl
