// SPDX-License-Identifier: Apache-2.0
// The settings that all probes have. Settings of a probe derive from ProbeSettings.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_probes/budget.hpp"
#include "plugins/_probes/targets.hpp"

namespace cxedge::probes {

struct ProbeSettings {
    // "ADDRESS" or "NAME=ADDRESS"; ${tenant}, ${site} and ${node} stand for the box's own.
    std::vector<std::string> targets;
    std::string targets_file;    // more of them, one a line
    CheckAddress check_address;  // the probe's, of both
    std::chrono::milliseconds interval{60'000};
    std::chrono::milliseconds jitter{0};
    std::chrono::milliseconds timeout{5'000};
    std::string interface;  // empty: as routed
    std::string family = "any";
    std::vector<std::string> quiet_hours;                   // "02:00-04:00", local time of the box
    std::vector<std::pair<std::string, std::string>> dims;  // added to every series
    std::string shared_dir;  // ledger, locks, stop order; empty: `probes` in the state directory
    double budget_mib = 0;   // of this source, a month; 0: none
    std::int64_t budget_packets = 0;  // likewise
    double interface_budget_mib = 0;  // of all tests of the interface
    std::int64_t interface_budget_packets = 0;
};

// Where the state directory of the agent is (STATE_DIRECTORY, as systemd and cxedged set it), the
// same for all probes of the box.
std::string shared_dir_of(const ProbeSettings& settings);
BudgetLimits limits_of(const ProbeSettings& settings);
// What is wrong with it, or empty.
std::string check_quiet_hours(const std::string& text);
// Adds what a schema cannot see: no targets at all, wrong or repeated ones, quiet hours. Keeps
// `check_address` in `settings`.
void check_probe_settings(
    ProbeSettings& settings,
    const SettingsNode& node,
    const CheckAddress& check_address,
    SettingsProblems& problems
);

// T derives from ProbeSettings. The defaults of a probe are those its T is constructed with.
template <class T>
void add_probe_keys(Schema<T>& schema) {
    ignore_common_keys(schema);
    schema.text_or_texts("targets", &T::targets, "Whom to test: ADDRESS or NAME=ADDRESS; ${site}");
    schema.text("targets_file", &T::targets_file, "A file with more of them, one a line");
    schema.duration("interval_s", &T::interval, "Time from one run of a target to its next")
        .range(0.1, 86'400);
    schema.duration("jitter_s", &T::jitter, "A run begins up to this much later, at random")
        .range(0, 3'600);
    schema.duration("timeout_s", &T::timeout, "A run takes at most").range(0.05, 600);
    schema.text("interface", &T::interface, "Network interface to test through; empty: as routed");
    schema.text("family", &T::family, "any, 4 (IPv4) or 6 (IPv6)").one_of({"any", "4", "6"});
    schema.texts("quiet_hours", &T::quiet_hours, "Local times without tests, e.g. 02:00-04:00");
    schema.text_map("dims", &T::dims, "Dimensions added to every series, e.g. { plan = \"gold\" }");
    schema.text("shared_dir", &T::shared_dir, "Where all probes of the box keep budgets and locks");
    schema.number("budget_mib", &T::budget_mib, "This source spends at most, a month; 0: no limit")
        .range(0, 1e9);
    schema.integer("budget_packets", &T::budget_packets, "Likewise, in packets").range(0, 1e15);
    schema
        .number(
            "interface_budget_mib",
            &T::interface_budget_mib,
            "All tests of the interface together spend at most, a month; 0: no limit"
        )
        .range(0, 1e9);
    schema.integer("interface_budget_packets", &T::interface_budget_packets, "Likewise, in packets")
        .range(0, 1e15);
}

}  // namespace cxedge::probes
