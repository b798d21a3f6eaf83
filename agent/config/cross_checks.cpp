// SPDX-License-Identifier: Apache-2.0
#include "agent/config/cross_checks.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/core.h>

#include "agent/config/source_name.hpp"
#include "agent/config/text_checks.hpp"

namespace cxedge::config {
namespace {

constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;

// A section and the place to complain to.
struct Section {
    const SettingsNode& node;
    std::string_view path;
    SettingsProblems& problems;

    void complain(std::string_view key, std::string_view what) const {
        const SettingsNode* member = node.find(key);
        const SettingsPosition& where = member == nullptr ? node.position : member->position;
        problems.add(where, fmt::format("{}.{}", path, key), what);
    }
};

void check_window(std::chrono::milliseconds window, const Section& section) {
    if (window.count() > 0 && kDayMs % window.count() != 0) {
        section.complain(
            "window_s",
            fmt::format(
                "{} does not divide a day into whole windows",
                static_cast<double>(window.count()) / 1000
            )
        );
    }
}

// Keys of a table of texts; the values are the schema's.
void check_keys(std::string_view key, const Section& section) {
    const SettingsNode* map = section.node.find(key);
    if (map == nullptr || map->table() == nullptr) {
        return;
    }
    for (const auto& [name, node] : *map->table()) {
        const std::string wrong = check_name(name);
        if (!wrong.empty()) {
            const std::string path = fmt::format("{}.{}.\"{}\"", section.path, key, name);
            section.problems.add(node.key_position, path, "key " + wrong);
        }
    }
}

// Whether the key has a text, right or wrong: a mistyped value must not count as a missing one.
bool is_given(const Section& section, std::string_view key) {
    const SettingsNode* member = section.node.find(key);
    const auto* text = member == nullptr ? nullptr : std::get_if<std::string>(&member->value);
    return text != nullptr && !text->empty();
}

void check_needs(
    const Section& section, std::string_view key, std::string_view needed, std::string_view why
) {
    if (is_given(section, key) && !is_given(section, needed)) {
        section.complain(key, fmt::format("needs {}{}", needed, why));
    }
}

bool is_plain_url(const SettingsNode& node) {
    const auto* url = std::get_if<std::string>(&node.value);
    return url != nullptr && url->starts_with("mqtt://");
}

bool only_plain_brokers(const Section& section) {
    const SettingsNode* broker = section.node.find("broker");
    if (broker == nullptr || broker->list() == nullptr) {
        return broker != nullptr && is_plain_url(*broker);
    }
    return std::all_of(broker->list()->begin(), broker->list()->end(), is_plain_url);
}

void check_uplink(const Section& section) {
    check_needs(section, "certificate_file", "key_file", ", its private key");
    check_needs(section, "key_file", "certificate_file", ", the certificate it belongs to");
    check_needs(section, "password_file", "username", "");
    if (!only_plain_brokers(section)) {
        return;
    }
    for (const char* key : {"ca_file", "certificate_file"}) {
        if (is_given(section, key)) {
            section.complain(key, "has no effect without TLS: broker must begin with mqtts://");
        }
    }
}

struct HistoryAge {
    const char* key;
    std::int64_t days;
};

// What became coarser does not become finer again. The complaint goes to the one that somebody
// wrote.
void check_rising(const HistoryAge& age, const HistoryAge& next, const Section& section) {
    if (next.days >= age.days) {
        return;
    }
    const SettingsNode* written = section.node.find(next.key);
    const bool is_default = written == nullptr || written->position.line == 0;
    const std::string what = is_default ? "more than" : "less than";
    const HistoryAge& other = is_default ? next : age;
    section.complain(
        is_default ? age.key : next.key,
        fmt::format("must not be {} {}, which is {}", what, other.key, other.days)
    );
}

void check_history(const HistoryConfig& history, const Section& section) {
    const HistoryAge raw{"raw_days", history.raw_days};
    const HistoryAge minute{"minute_days", history.minute_days};
    const HistoryAge quarter{"quarter_hour_days", history.quarter_hour_days};
    const HistoryAge keep{"keep_days", history.keep_days};
    check_rising(raw, minute, section);
    check_rising(minute, quarter, section);
    check_rising(quarter, keep, section);
}

bool decides_something(const SettingsNode& rule) {
    for (const char* key :
         {"unit", "keep", "window_s", "stale_s", "stuck_s", "stats", "stream", "labels"}) {
        if (rule.find(key) != nullptr) {
            return true;
        }
    }
    return false;
}

template <class Check>
void with_section(
    const SettingsNode& merged,
    std::string_view name,
    SettingsProblems& problems,
    const Check& check
) {
    const SettingsNode* node = merged.find(name);
    if (node != nullptr && node->table() != nullptr) {
        check(Section{*node, name, problems});
    }
}

}  // namespace

void check_agent(
    const AgentConfig& config, const SettingsNode& merged, SettingsProblems& problems
) {
    with_section(merged, "node", problems, [](const Section& section) {
        check_keys("labels", section);
    });
    with_section(merged, "uplink", problems, check_uplink);
    with_section(merged, "history", problems, [&](const Section& section) {
        check_history(config.history, section);
    });
    with_section(merged, "remote", problems, [&](const Section& section) {
        if (config.remote.keys.size() > 2) {
            section.complain("keys", "at most two: the present one, and the one that follows it");
        }
    });
    with_section(merged, "pipeline", problems, [&](const Section& section) {
        check_window(config.pipeline.window, section);
    });
}

void check_sink(
    const std::vector<SinkConfig>& sinks,
    const SettingsNode& node,
    std::string_view path,
    SettingsProblems& problems
) {
    if (node.table() == nullptr) {
        return;
    }
    const Section section{node, path, problems};
    check_uplink(section);
    const std::string& name = sinks.back().name;
    if (node.find("name") == nullptr || node.find("broker") == nullptr) {
        problems.add(node.position, path, "needs name and broker");
    }
    const bool twin = std::any_of(sinks.begin(), sinks.end() - 1, [&](const SinkConfig& other) {
        return other.name == name;
    });
    if (twin) {
        section.complain("name", fmt::format("\"{}\" is the name of another sink", name));
    }
}

void check_rule(
    const RuleConfig& rule,
    const SettingsNode& node,
    std::string_view path,
    SettingsProblems& problems
) {
    const Section section{node, path, problems};
    check_window(rule.window, section);
    check_keys("where", section);
    check_keys("labels", section);
    if (node.table() != nullptr && !decides_something(node)) {
        problems.add(
            node.position,
            path,
            "decides nothing: add unit, keep, window_s, stale_s, stuck_s, stats, stream or labels"
        );
    }
}

void check_occupancy(
    const std::vector<OccupancyConfig>& occupancies,
    const SettingsNode& node,
    std::string_view path,
    SettingsProblems& problems
) {
    const std::string& name = occupancies.back().name;
    const bool taken =
        std::any_of(occupancies.begin(), occupancies.end() - 1, [&](const OccupancyConfig& other) {
            return other.name == name;
        });
    if (taken && node.table() != nullptr && !name.empty()) {
        Section{node, path, problems}.complain(
            "name", fmt::format("\"{}\" is the name of another store", name)
        );
    }
}

void check_source_names(const SettingsNode& list, SettingsProblems& problems) {
    std::unordered_map<std::string, const SettingsNode*> seen;
    for (const SettingsNode& source : *list.list()) {
        const std::string name = source_name(source);
        const auto [first, is_new] = seen.emplace(name, &source);
        if (is_new || name.empty()) {
            continue;
        }
        const SettingsNode* own = source.find("name");
        problems.add(
            own == nullptr ? source.position : own->position,
            "source." + name,
            fmt::format(
                "this name is taken by the source at {}; give it a name of its own",
                to_string(first->second->position)
            )
        );
    }
}

}  // namespace cxedge::config
