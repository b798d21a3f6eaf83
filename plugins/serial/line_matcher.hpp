// SPDX-License-Identifier: Apache-2.0
// From a line of a device to readings, by regular expressions with named groups (RE2: linear time).
// Pure after make(). Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/settings.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::plugins {

// One number of a line that fits.
struct GroupRule {
    std::string group;  // empty: the line itself counts, value 1
    std::string metric;
    std::string kind = "gauge";  // gauge, counter, delta, histogram, state
    std::string unit;            // empty: the catalogue's
    double factor = 1;
    std::int64_t counter_bits = 0;
    std::string resets_at;            // counter: "00:00", where the device begins anew every day
    std::vector<std::string> states;  // state: what the device says, in this order
    std::vector<std::pair<std::string, std::string>> dims;     // fixed
    std::vector<std::pair<std::string, std::string>> dims_at;  // dimension = group
};

struct MatchRule {
    std::string pattern;  // all of a line must fit
    std::string device_group;
    std::string time_group;
    std::vector<GroupRule> values;
};

Schema<MatchRule> match_rule_schema();

class LineMatcher {
    struct Rule;

public:
    // Null where a rule is wrong: the mistakes are added at the rule's place below `node`, which
    // holds `match`.
    static std::unique_ptr<LineMatcher> make(
        const std::vector<MatchRule>& rules, const SettingsNode& node, SettingsProblems& problems
    );
    explicit LineMatcher(std::vector<Rule> rules);
    ~LineMatcher();
    LineMatcher(const LineMatcher&) = delete;
    LineMatcher& operator=(const LineMatcher&) = delete;

    // By the first rule that fits; none: no rule does.
    [[nodiscard]] std::optional<devices::Report> read(std::string_view line) const;

private:
    std::vector<Rule> rules_;
};

}  // namespace cxedge::plugins
