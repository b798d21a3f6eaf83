// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/watch.hpp"

#include <algorithm>
#include <utility>

#include "agent/wire/request.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::milliseconds kDrawEvery{1000};
constexpr double kOnceSeconds = 2;
constexpr const char* kHomeAndClearBelow = "\x1B[H\x1B[J";

// What a line is about; that time passes is no news.
std::string news_of(const NodeView& node) {
    NodeView still = node;
    still.seen = {};
    still.backlog.reset();
    if (still.reported) {
        still.reported->at = {};
    }
    return node_json(still);
}

std::chrono::milliseconds length_of(const WatchOptions& options) {
    const double seconds = options.once && options.seconds == 0 ? kOnceSeconds : options.seconds;
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

Watch::Watch(
    WatchOptions options,
    uplink::BrokerOptions connection,
    std::vector<std::string> filters,
    WatchStyle style,
    const Parts& parts
)
    : options_(std::move(options)),
      style_(style),
      parts_(parts),
      board_(parts.clock),
      link_(
          options_.connection.broker,
          std::move(connection),
          std::move(filters),
          {parts.broker,
           parts.clock,
           parts.note,
           [this](const std::string& topic, std::string_view payload) { hear(topic, payload); },
           {}}
      ),
      end_at_(parts.clock.steady_now() + length_of(options_)),
      tick_at_(parts.clock.steady_now()) {
    board_.on_ask([this](const std::string& topic) {
        link_.publish(topic, wire::encode_request(wire::NeedDictionary{}), false);
    });
}

bool Watch::is_meant(const NodeView& node) const {
    if (options_.group.empty()) {
        return true;
    }
    const auto& groups = node.reported ? node.reported->groups : std::vector<std::string>();
    return std::find(groups.begin(), groups.end(), options_.group) != groups.end();
}

std::vector<const NodeView*> Watch::meant() const {
    std::vector<const NodeView*> nodes;
    nodes.reserve(board_.nodes().size());
    for (const auto& [name, node] : board_.nodes()) {
        if (is_meant(node)) {
            nodes.push_back(&node);
        }
    }
    return nodes;
}

void Watch::hear(const std::string& topic, std::string_view payload) {
    const std::string name = board_.hear(topic, payload);
    if (!name.empty() && !options_.once) {
        changed_.insert(name);
    }
}

std::string Watch::line_of(const NodeView& node) const {
    return options_.json ? node_json(node) : node_line(node, parts_.clock.wall_now());
}

void Watch::show(SteadyTime now) {
    if (options_.once || (style_ == WatchStyle::table && now < tick_at_)) {
        return;
    }
    if (style_ == WatchStyle::table) {
        const std::string table = fleet_table(meant(), parts_.clock.wall_now(), parts_.size());
        reader_gone_ = !parts_.print(kHomeAndClearBelow + table);
        return;
    }
    for (const std::string& name : std::exchange(changed_, {})) {
        const NodeView& node = board_.nodes().at(name);
        std::string news = news_of(node);
        if (is_meant(node) && told_[name] != news) {
            told_[name] = std::move(news);
            reader_gone_ = reader_gone_ || !parts_.print(line_of(node));
        }
    }
}

bool Watch::turn() {
    link_.turn();
    const SteadyTime now = parts_.clock.steady_now();
    show(now);
    if (now >= tick_at_) {
        tick_at_ = now + kDrawEvery;
        board_.tick();
    }
    const bool ends = options_.once || options_.seconds > 0;
    return !reader_gone_ && !(ends && now >= end_at_);
}

void Watch::finish() {
    link_.stop();
    const auto nodes = meant();
    if (options_.once && nodes.empty()) {
        parts_.note(options_.nodes + ": no node has said anything to this broker");
    } else if (options_.once && style_ == WatchStyle::lines && !options_.json) {
        parts_.print(fleet_table(nodes, parts_.clock.wall_now(), {}));
    } else if (options_.once) {
        for (const NodeView* node : nodes) {
            parts_.print(
                options_.json ? node_json(*node) : node_page(*node, parts_.clock.wall_now())
            );
        }
    }
}

ExitCode Watch::result() const {
    const auto nodes = meant();
    if (!link_.was_connected() || (options_.once && nodes.empty())) {
        return ExitCode::unavailable;
    }
    const auto any = [&nodes](NodeVerdict wanted) {
        return std::any_of(nodes.begin(), nodes.end(), [wanted](const NodeView* node) {
            return verdict_of(*node) == wanted;
        });
    };
    if (!options_.once) {
        return ExitCode::ok;
    }
    return any(NodeVerdict::wrong)       ? ExitCode::failed
           : any(NodeVerdict::under_way) ? ExitCode::unavailable
                                         : ExitCode::ok;
}

}  // namespace cxedge::ctl
