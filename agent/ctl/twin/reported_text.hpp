// SPDX-License-Identifier: Apache-2.0
// What a node reports of its configuration, for people and programs. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/wire/reported.hpp"

namespace cxedge::ctl {

// "running", "trial", "rolled back", ...: the phase, or between attempts what became of the last.
std::string_view twin_state_of(const wire::Reported& reported);
// Reasons, drift and the last refusal in one line; empty: nothing to say.
std::string why_of(const wire::Reported& reported);
// "generation 7 (2cf24dba)", "site file": which configuration.
std::string version_text(const wire::TwinVersion& version);

// "store-1/gw-1  rolled back  generation 7  nothing was acknowledged ...", or a JSON object.
std::string reported_line(const std::string& node, const wire::Reported& reported, bool json);
// Adds phase, running, running_hash, last_good, generation, outcome, reasons, at, drift, refused,
// last_refusal, groups, version.
void add_reported_fields(nlohmann::ordered_json& object, const wire::Reported& reported);
// The object as one line; bytes that are not UTF-8 become U+FFFD.
std::string json_line_of(const nlohmann::ordered_json& object);

std::string joined(const std::vector<std::string>& texts);

}  // namespace cxedge::ctl
