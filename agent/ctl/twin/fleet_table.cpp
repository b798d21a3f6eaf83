// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/fleet_table.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/printable.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/twin/reported_text.hpp"

namespace cxedge::ctl {
namespace {

constexpr const char* kHeading =
    "NODE                          STATE         RUNS                                SEEN        "
    "  BACKLOG             VERSION   WHY\n";
// Counts, heading, and the line that says how many did not fit.
constexpr std::size_t kOtherLines = 3;

std::string state_text(const NodeView& node) {
    if (!node.reported) {
        return node.unreadable.count("twin/reported") == 0 ? "no report" : "unreadable";
    }
    return std::string(twin_state_of(*node.reported));
}

// How long ago it was seen last.
std::string ago_text(const NodeView& node, WallTime now) {
    const double ago = static_cast<double>(unix_ms(now) - unix_ms(node.seen)) / 1000;
    return unix_ms(node.seen) == 0 ? std::string("?") : human_duration(std::max(0.0, ago));
}

std::string seen_text(const NodeView& node, WallTime now) {
    const bool away = node.connection && !node.connection->online;
    return (away ? "away " : "") + ago_text(node, now);
}

std::string backlog_text(const NodeView& node) {
    return node.backlog
               ? human_duration(node.backlog->oldest_s) + ", " + human_bytes(node.backlog->bytes)
               : "?";
}

std::string version_of(const NodeView& node) {
    std::string version = node.connection && !node.connection->version.empty()
                              ? node.connection->version
                          : node.reported ? node.reported->version
                                          : "?";
    return version.substr(0, version.find('+'));  // the commit is on the page and in the JSON
}

std::string why_text(const NodeView& node) {
    std::string why = node.reported ? why_of(*node.reported) : "";
    for (const auto& [topic, what] : node.unreadable) {
        why += fmt::format("{}{} cannot be read: {}", why.empty() ? "" : "; ", topic, what);
    }
    return why;
}

// Columns count bytes: a cut in the middle of a character takes the rest of it along.
std::string cut(std::string line, std::size_t columns) {
    if (columns == 0 || line.size() <= columns) {
        return line;
    }
    std::size_t end = columns - 1;
    constexpr unsigned kContinuation = 0x80;
    constexpr unsigned kLeadMask = 0xC0;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & kLeadMask) == kContinuation) {
        --end;
    }
    line.resize(end);
    return line + ">";
}

std::string counts_line(const std::vector<const NodeView*>& nodes) {
    std::array<std::size_t, 3> counts{};
    for (const NodeView* node : nodes) {
        ++counts.at(static_cast<std::size_t>(verdict_of(*node)));
    }
    return fmt::format(
        "{} nodes: {} well, {} under way, {} wrong\n",
        nodes.size(),
        counts[static_cast<std::size_t>(NodeVerdict::well)],
        counts[static_cast<std::size_t>(NodeVerdict::under_way)],
        counts[static_cast<std::size_t>(NodeVerdict::wrong)]
    );
}

bool more_urgent(const NodeView* one, const NodeView* other) {
    const NodeVerdict mine = verdict_of(*one);
    const NodeVerdict others = verdict_of(*other);
    return mine != others ? mine > others : one->name < other->name;
}

void add_backlog(nlohmann::ordered_json& object, const NodeView& node) {
    object["backlog_s"] = nullptr;
    object["backlog_bytes"] = nullptr;
    if (node.backlog) {
        object["backlog_s"] = node.backlog->oldest_s;
        object["backlog_bytes"] = node.backlog->bytes;
    }
}

std::string attempt_line(const wire::TwinAttempt& attempt) {
    return fmt::format(
        "  {}  {:<12} {}{}{}\n",
        iso8601(attempt.at),
        to_string(attempt.outcome),
        version_text(attempt.version),
        attempt.reasons.empty() ? "" : ": ",
        printable(joined(attempt.reasons))
    );
}

std::string report_page(const wire::Reported& reported) {
    std::string page = fmt::format(
        "configuration {}, runs {}, last good {}\n",
        twin_state_of(reported),
        version_text(reported.running),
        version_text(reported.last_good)
    );
    page += "groups        " + (reported.groups.empty() ? "none" : joined(reported.groups)) + "\n";
    const std::string why = why_of(reported);
    page += why.empty() ? "" : "why           " + printable(why) + "\n";
    page += reported.refused == 0
                ? ""
                : fmt::format("refused       {} documents since it started\n", reported.refused);
    page += reported.history.empty() ? "" : "attempts, newest first\n";
    for (const wire::TwinAttempt& attempt : reported.history) {
        page += attempt_line(attempt);
    }
    return page;
}

}  // namespace

std::string node_line(const NodeView& node, WallTime now) {
    std::string line = fmt::format(
        "{:<29} {:<13} {:<35} {:<13} {:<19} {:<9} {}",
        node.name,
        state_text(node),
        node.reported ? version_text(node.reported->running) : "?",
        seen_text(node, now),
        backlog_text(node),
        version_of(node),
        why_text(node)
    );
    line.erase(line.find_last_not_of(' ') + 1);
    return printable(std::move(line)) + "\n";
}

std::string fleet_table(std::vector<const NodeView*> nodes, WallTime now, TableSize size) {
    std::sort(nodes.begin(), nodes.end(), more_urgent);
    const bool all = size.rows == 0 || nodes.size() + kOtherLines <= size.rows;
    const std::size_t shown = all ? nodes.size() : size.rows - std::min(size.rows, kOtherLines + 1);
    std::vector<std::string> lines{counts_line(nodes), kHeading};
    lines.reserve(shown + kOtherLines);
    for (std::size_t i = 0; i < shown; ++i) {
        lines.push_back(node_line(*nodes[i], now));
    }
    if (!all) {
        lines.push_back(fmt::format("and {} more; --json --once has all\n", nodes.size() - shown));
    }
    std::string table;
    for (std::string& line : lines) {
        line.pop_back();
        table += cut(std::move(line), size.columns) + "\n";
    }
    return table;
}

std::string node_json(const NodeView& node) {
    nlohmann::ordered_json object{
        {"node", node.name},
        {"state", state_text(node)},
        {"verdict", to_string(verdict_of(node))},
        {"online", nullptr},
        {"seen", unix_ms(node.seen) == 0 ? "" : iso8601(node.seen)}};
    if (node.connection) {
        object["online"] = node.connection->online;
        object["version"] = node.connection->version;
    }
    add_backlog(object, node);
    object["unreadable"] = node.unreadable;
    if (node.reported) {
        add_reported_fields(object, *node.reported);
    }
    return json_line_of(object);
}

std::string node_page(const NodeView& node, WallTime now) {
    const bool online = node.connection && node.connection->online;
    std::string page = fmt::format("{}: {}\n", node.name, to_string(verdict_of(node)));
    page += fmt::format(
        "connection    {}, last seen {} ago\n",
        !node.connection ? "never heard"
        : online         ? "online"
                         : "offline",
        ago_text(node, now)
    );
    page += "backlog       " + (node.backlog ? backlog_text(node) : std::string("not said yet")) +
            "\nversion       " + (node.connection ? node.connection->version : version_of(node)) +
            "\n";
    page += node.reported ? report_page(*node.reported)
                          : std::string("configuration follows nobody's key: [remote] keys\n");
    for (const auto& [topic, what] : node.unreadable) {
        page += printable(fmt::format("{} cannot be read: {}", topic, what)) + "\n";
    }
    return page;
}

}  // namespace cxedge::ctl
