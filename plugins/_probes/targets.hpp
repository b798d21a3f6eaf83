// SPDX-License-Identifier: Apache-2.0
// Whom a probe tests: lists from its settings and from a file, with the box's own names filled in.
// Thread: any.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/model/box_name.hpp"

#include "plugins/_probes/probe.hpp"

namespace cxedge::probes {

// At most so many targets a source.
inline constexpr std::size_t kMostTargets = 10'000;

// ${tenant}, ${site} and ${node} replaced; invalid_argument: another ${...}.
Result<std::string> fill_in(std::string_view text, const BoxName& box);

// "NAME=ADDRESS" or "ADDRESS", which is its own name, a URL without its query: keys are there. A
// URL's '=' is none of a name.
Target parse_target(std::string_view text);

// What is wrong with an address, or empty; none: any will do.
using CheckAddress = std::function<std::string(const std::string&)>;

// The lines of a targets_file: one target each; '#' begins a comment. Lines with mistakes are left
// out and told.
struct TargetList {
    std::vector<Target> targets;
    std::vector<std::string> problems;  // "targets.txt:12: ..."
};
TargetList read_targets(
    std::string_view text, const std::string& file, const BoxName& box, const CheckAddress& check
);
// Adds one of the settings or of a line; what is wrong with it, or empty.
std::string add_target(
    std::string_view text,
    const BoxName& box,
    const CheckAddress& check,
    std::vector<Target>& targets
);

}  // namespace cxedge::probes
