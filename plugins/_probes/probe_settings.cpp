// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/probe_settings.hpp"

#include <cstdlib>
#include <set>

#include "plugins/_probes/quiet_hours.hpp"
#include "plugins/_probes/targets.hpp"

namespace cxedge::probes {
namespace {

SettingsPosition place_of(const SettingsNode& node, std::string_view key) {
    const SettingsNode* const member = node.find(key);
    return member != nullptr ? member->position : node.position;
}

std::uint64_t bytes_of(double mib) {
    return static_cast<std::uint64_t>(mib * 1024 * 1024);
}

template <class T>
std::optional<std::uint64_t> limit(T value) {
    return value > 0 ? std::optional(static_cast<std::uint64_t>(value)) : std::nullopt;
}

// What stands for the box's names is filled in later; here any name does.
const BoxName& some_box() {
    static const BoxName kBox{"tenant", "site", "node"};
    return kBox;
}

std::string check_target(
    const std::string& text, const CheckAddress& check_address, std::set<std::string>& names
) {
    std::vector<Target> targets;
    std::string wrong = add_target(text, some_box(), check_address, targets);
    if (wrong.empty() && !names.insert(targets.front().name).second) {
        wrong = "\"" + targets.front().name + "\" is there twice";
    }
    return wrong;
}

}  // namespace

std::string shared_dir_of(const ProbeSettings& settings) {
    if (!settings.shared_dir.empty()) {
        return settings.shared_dir;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody writes the environment
    const char* const state = std::getenv("STATE_DIRECTORY");
    return std::string(state != nullptr && *state != 0 ? state : "/var/lib/cxedge") + "/probes";
}

BudgetLimits limits_of(const ProbeSettings& settings) {
    return {
        limit(bytes_of(settings.budget_mib)),
        limit(settings.budget_packets),
        limit(bytes_of(settings.interface_budget_mib)),
        limit(settings.interface_budget_packets)};
}

std::string check_quiet_hours(const std::string& text) {
    const auto parsed = parse_quiet_hours(text);
    return parsed ? std::string() : parsed.error().message;
}

void check_probe_settings(
    ProbeSettings& settings,
    const SettingsNode& node,
    const CheckAddress& check_address,
    SettingsProblems& problems
) {
    settings.check_address = check_address;
    if (settings.targets.empty() && settings.targets_file.empty()) {
        problems.add(node.position, "targets", "is missing: whom to test, or a targets_file");
    }
    std::set<std::string> names;
    for (const std::string& target : settings.targets) {
        const std::string wrong = check_target(target, check_address, names);
        if (!wrong.empty()) {
            problems.add(place_of(node, "targets"), "targets", wrong);
        }
    }
    for (const std::string& hours : settings.quiet_hours) {
        const std::string wrong = check_quiet_hours(hours);
        if (!wrong.empty()) {
            problems.add(place_of(node, "quiet_hours"), "quiet_hours", wrong);
        }
    }
    if (settings.jitter >= settings.interval) {
        problems.add(place_of(node, "jitter_s"), "jitter_s", "must be less than interval_s");
    }
    if (!settings.shared_dir.empty() && settings.shared_dir.front() != '/') {
        problems.add(place_of(node, "shared_dir"), "shared_dir", "must be an absolute path");
    }
}

}  // namespace cxedge::probes
