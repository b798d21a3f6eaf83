// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/reported_text.hpp"

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/printable.hpp"
#include "agent/ctl/human_text.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kShortHashBytes = 4;

}  // namespace

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) {
        all += (all.empty() ? "" : "; ") + text;
    }
    return all;
}

std::string_view twin_state_of(const wire::Reported& reported) {
    const wire::TwinOutcome outcome = reported.last_attempt.outcome;
    if (reported.phase != wire::TwinPhase::idle) {
        return to_string(reported.phase);
    }
    const bool stands =
        outcome == wire::TwinOutcome::none || outcome == wire::TwinOutcome::confirmed;
    return stands ? "running" : to_string(outcome);
}

std::string why_of(const wire::Reported& reported) {
    std::vector<std::string> texts = reported.last_attempt.reasons;
    texts.insert(texts.end(), reported.drift.begin(), reported.drift.end());
    if (!reported.last_refusal.empty()) {
        texts.push_back("refused: " + reported.last_refusal);
    }
    return joined(texts);
}

std::string version_text(const wire::TwinVersion& version) {
    return version.generation == 0 ? std::string("site file")
                                   : fmt::format(
                                         "generation {} ({})",
                                         version.generation,
                                         to_hex(version.hash.substr(0, kShortHashBytes))
                                     );
}

void add_reported_fields(nlohmann::ordered_json& object, const wire::Reported& reported) {
    object["phase"] = to_string(reported.phase);
    object["running"] = reported.running.generation;
    object["running_hash"] = to_hex(reported.running.hash);
    object["last_good"] = reported.last_good.generation;
    object["generation"] = reported.last_attempt.version.generation;
    object["outcome"] = to_string(reported.last_attempt.outcome);
    object["reasons"] = joined(reported.last_attempt.reasons);
    object["at"] = iso8601(reported.last_attempt.at);
    object["drift"] = joined(reported.drift);
    object["refused"] = reported.refused;
    object["last_refusal"] = reported.last_refusal;
    object["groups"] = reported.groups;
    object["version"] = reported.version;
}

std::string json_line_of(const nlohmann::ordered_json& object) {
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string reported_line(const std::string& node, const wire::Reported& reported, bool json) {
    if (json) {
        nlohmann::ordered_json object{{"node", node}};
        add_reported_fields(object, reported);
        return json_line_of(object);
    }
    const std::string why = why_of(reported);
    return printable(fmt::format(
               "{:<24} {:<12} {}, runs {}{}{}",
               node,
               twin_state_of(reported),
               version_text(reported.last_attempt.version),
               version_text(reported.running),
               why.empty() ? "" : ": ",
               why
           )) +
           "\n";
}

}  // namespace cxedge::ctl
