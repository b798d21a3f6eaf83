// SPDX-License-Identifier: Apache-2.0
#include "plugins/serial/line_matcher.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include <re2/re2.h>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::int64_t kPatternMemory = 1 << 20;
constexpr std::size_t kPart = 2;  // digits of hours and minutes

// Named groups of one line; an empty name has an empty text.
class Groups {
public:
    Groups(const std::map<std::string, int>& names, std::vector<re2::StringPiece> texts)
        : names_(names), texts_(std::move(texts)) {}

    // Empty also for a group that took no part.
    [[nodiscard]] std::string_view text(const std::string& name) const {
        const auto found = names_.find(name);
        if (found == names_.end()) {
            return {};
        }
        const re2::StringPiece& piece = texts_[static_cast<std::size_t>(found->second)];
        return devices::trimmed({piece.data(), piece.size()});
    }

private:
    const std::map<std::string, int>& names_;
    std::vector<re2::StringPiece> texts_;
};

std::optional<std::chrono::minutes> parse_day_time(std::string_view text) {
    int hour = 0;
    int minute = 0;
    const char* const begin = text.data();
    const bool has_form = text.size() == 2 * kPart + 1 && text[kPart] == ':';
    const bool good =
        has_form && std::from_chars(begin, begin + kPart, hour).ptr == begin + kPart &&
        std::from_chars(begin + kPart + 1, begin + text.size(), minute).ptr == begin + text.size();
    const bool in_day = good && hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
    return in_day ? std::optional(std::chrono::hours(hour) + std::chrono::minutes(minute))
                  : std::nullopt;
}

SeriesInfo info_of(const GroupRule& rule) {
    SeriesInfo info;
    info.key.metric = rule.metric;
    for (const auto& [key, value] : rule.dims) {
        info.key.dims.push_back({key, value});
    }
    parse_kind(rule.kind, info.kind);
    info.unit = rule.unit;
    info.states = rule.states;
    info.counter_bits = static_cast<std::uint8_t>(rule.counter_bits);
    info.resets_at = parse_day_time(rule.resets_at);
    return info;
}

std::optional<double> value_of(const GroupRule& rule, std::string_view text) {
    if (rule.group.empty()) {
        return rule.factor;
    }
    if (rule.kind != "state") {
        const std::optional<double> number = devices::parse_number(text);
        const double value = number.value_or(0) * rule.factor;
        return number && std::isfinite(value) ? std::optional(value) : std::nullopt;
    }
    const auto state = std::find(rule.states.begin(), rule.states.end(), text);
    return state != rule.states.end()
               ? std::optional(static_cast<double>(state - rule.states.begin()))
               : std::nullopt;
}

Schema<GroupRule> group_rule_schema() {
    Schema<GroupRule> schema;
    schema.text("group", &GroupRule::group, "Named group; empty: each such line counts 1");
    schema.text("metric", &GroupRule::metric, "Name of the series").required();
    schema.text("kind", &GroupRule::kind, "Kind of the series")
        .one_of({"gauge", "counter", "delta", "histogram", "state"});
    schema.text("unit", &GroupRule::unit, "UCUM unit; empty: the catalogue's");
    schema.number("factor", &GroupRule::factor, "The value is multiplied by it");
    schema.integer(
        "counter_bits", &GroupRule::counter_bits, "counter: 16, 32 or 64 where it wraps"
    );
    schema.text("resets_at", &GroupRule::resets_at, "counter: begins anew every day at HH:MM");
    schema.texts("states", &GroupRule::states, "state: what the device says, in this order");
    schema.text_map("dims", &GroupRule::dims, "Dimensions");
    schema.text_map("dims_at", &GroupRule::dims_at, "Dimension = group with its value");
    return schema;
}

// One rule on its way in.
struct RuleCheck {
    const RE2& pattern;
    const SettingsPosition& place;
    std::string path;
    SettingsProblems& problems;

    void complain(const std::string& key, const std::string& what) const {
        problems.add(place, path + key, what);
    }
    void group(const std::string& key, const std::string& name) const {
        if (!name.empty() && pattern.NamedCapturingGroups().count(name) == 0) {
            complain(key, "the pattern has no group \"" + name + "\"");
        }
    }
};

void check_counter(const GroupRule& rule, const RuleCheck& check) {
    const std::int64_t bits = rule.counter_bits;
    if (bits != 0 && bits != 16 && bits != 32 && bits != 64) {
        check.complain("counter_bits", "must be 16, 32 or 64");
    }
    if (!rule.resets_at.empty() && !parse_day_time(rule.resets_at)) {
        check.complain("resets_at", "must be a time of the day such as 00:00");
    }
    if ((bits != 0 || !rule.resets_at.empty()) && rule.kind != "counter") {
        check.complain("kind", "counter_bits and resets_at are of counters");
    }
}

void check_value(const GroupRule& rule, const RuleCheck& check) {
    check.group("group", rule.group);
    for (const auto& [dim, group] : rule.dims_at) {
        check.group("dims_at." + dim, group);
    }
    check_counter(rule, check);
    const bool is_state = rule.kind == "state";
    if (is_state != (rule.states.size() >= 2)) {
        check.complain("states", is_state ? "a state needs at least 2" : "are of kind state");
    }
    if (rule.group.empty() && rule.kind != "delta") {
        check.complain("group", "is missing; only of kind delta the line itself counts");
    }
    SeriesInfo info = info_of(rule);
    if (const Status normal = normalise(info); !normal && !rule.metric.empty()) {
        check.complain("metric", normal.error().message);
    }
}

void check_rule(const MatchRule& rule, const RuleCheck& check) {
    if (!check.pattern.ok()) {
        check.complain("pattern", "is no regular expression: " + check.pattern.error());
        return;
    }
    check.group("device_group", rule.device_group);
    check.group("time_group", rule.time_group);
    if (rule.values.empty()) {
        check.complain("value", "is missing: what does such a line say?");
    }
    for (const GroupRule& value : rule.values) {
        check_value(value, check);
    }
}

std::unique_ptr<RE2> compile(const std::string& pattern) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    // A device may send any bytes.
    options.set_encoding(RE2::Options::EncodingLatin1);
    return std::make_unique<RE2>(pattern, options);
}

}  // namespace

struct LineMatcher::Rule {
    MatchRule rule;
    std::unique_ptr<RE2> pattern;
    std::map<std::string, int> groups;

    [[nodiscard]] std::optional<Groups> match(std::string_view line) const {
        const auto number = static_cast<std::size_t>(pattern->NumberOfCapturingGroups()) + 1;
        std::vector<re2::StringPiece> texts(number);
        const re2::StringPiece piece(line.data(), line.size());
        const bool fits = pattern->Match(
            piece, 0, line.size(), RE2::ANCHOR_BOTH, texts.data(), static_cast<int>(number)
        );
        return fits ? std::optional(Groups(groups, std::move(texts))) : std::nullopt;
    }

    [[nodiscard]] std::optional<devices::Reading> read(const GroupRule& value, const Groups& found)
        const {
        const std::optional<double> number = value_of(value, found.text(value.group));
        if (!number) {
            return std::nullopt;
        }
        devices::Reading reading;
        reading.info = info_of(value);
        for (const auto& [dim, group] : value.dims_at) {
            reading.info.key.dims.push_back({dim, std::string(found.text(group))});
        }
        reading.device = std::string(found.text(rule.device_group));
        reading.value = *number;
        reading.time = devices::parse_time(found.text(rule.time_group));
        return reading;
    }

    [[nodiscard]] devices::Report read_all(const Groups& found) const {
        devices::Report report;
        const std::string& time = rule.time_group;
        if (!time.empty() && !devices::parse_time(found.text(time))) {
            report.bad_elements.push_back({time, "is no time"});
        }
        for (const GroupRule& value : rule.values) {
            if (auto reading = read(value, found)) {
                report.readings.push_back(std::move(*reading));
            } else {
                report.bad_elements.push_back(
                    {value.group, value.kind == "state" ? "is none of the states" : "is no number"}
                );
            }
        }
        return report;
    }
};

Schema<MatchRule> match_rule_schema() {
    Schema<MatchRule> schema;
    schema.text("pattern", &MatchRule::pattern, "RE2 expression that all of a line fits")
        .required();
    schema.text("device_group", &MatchRule::device_group, "Group with the device's name");
    schema.text("time_group", &MatchRule::time_group, "Group with the time of the reading");
    schema.tables("value", &MatchRule::values, group_rule_schema(), "A number of the line");
    return schema;
}

LineMatcher::LineMatcher(std::vector<Rule> rules) : rules_(std::move(rules)) {}
LineMatcher::~LineMatcher() = default;

std::unique_ptr<LineMatcher> LineMatcher::make(
    const std::vector<MatchRule>& rules, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* const table = node.find("match");
    const SettingsNode::List* const places = table != nullptr ? table->list() : nullptr;
    if (rules.empty()) {
        problems.add(node.position, "match", "is missing: which lines does the device send?");
        return nullptr;
    }
    SettingsProblems own;
    std::vector<Rule> compiled;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        std::unique_ptr<RE2> pattern = compile(rules[i].pattern);
        const bool has_place = places != nullptr && i < places->size();
        const SettingsPosition& place = has_place ? (*places)[i].position : node.position;
        const std::string path = "match[" + std::to_string(i) + "].";
        for (SettingsProblems* const told : {&own, &problems}) {
            check_rule(rules[i], {*pattern, place, path, *told});
        }
        const std::map<std::string, int> groups =
            pattern->ok() ? pattern->NamedCapturingGroups() : std::map<std::string, int>();
        compiled.push_back({rules[i], std::move(pattern), groups});
    }
    return own.empty() ? std::make_unique<LineMatcher>(std::move(compiled)) : nullptr;
}

std::optional<devices::Report> LineMatcher::read(std::string_view line) const {
    for (const Rule& rule : rules_) {
        if (const std::optional<Groups> found = rule.match(line)) {
            return rule.read_all(*found);
        }
    }
    return std::nullopt;
}

}  // namespace cxedge::plugins
