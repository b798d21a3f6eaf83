// SPDX-License-Identifier: Apache-2.0
// Lines that devices send over a serial port, and what a log says of those that fit nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "plugins/serial/line_matcher.hpp"
#include "plugins/serial/line_shape.hpp"

namespace {

namespace plugins = cxedge::plugins;

plugins::GroupRule value_rule(const char* group, const char* kind) {
    plugins::GroupRule rule;
    rule.group = group;
    rule.metric = "a";
    rule.kind = kind;
    return rule;
}

const plugins::LineMatcher& matcher() {
    static const std::unique_ptr<plugins::LineMatcher> kMatcher = [] {
        plugins::MatchRule rule;
        rule.pattern = R"((?:(?P<device>\w+) )?(?P<time>[-0-9T:Z]*) (?P<n>\S+)(?: (?P<state>.*))?)";
        rule.device_group = "device";
        rule.time_group = "time";
        plugins::GroupRule state = value_rule("state", "state");
        state.states = {"closed", "open"};
        rule.values = {value_rule("n", "gauge"), state, value_rule("", "delta")};
        cxedge::SettingsProblems problems;
        return plugins::LineMatcher::make({rule}, cxedge::SettingsNode{}, problems);
    }();
    return *kMatcher;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const auto report = matcher().read(line);
    // Each value of a line that fits is a reading or a bad element; the time may be one more.
    if (report && report->readings.size() + report->bad_elements.size() < 3) {
        std::abort();
    }
    for (const char c : plugins::shape_of(line)) {
        const bool tells =
            (c >= 'b' && c <= 'z') || (c >= 'B' && c <= 'Z') || (c >= '0' && c < '9');
        if (tells || c < ' ' || c > '~') {
            std::abort();
        }
    }
    return 0;
}
