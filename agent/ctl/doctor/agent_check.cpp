// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/agent_check.hpp"

#include <chrono>

#include <fmt/core.h>

#include "agent/control/control.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/status_page.hpp"

namespace cxedge::ctl {
namespace {

constexpr Check kAgent{"agent"};
constexpr std::chrono::seconds kAgentPatience{5};

bool works(const telemetry::SourceHealth& source) {
    return source.problem.empty() && source.state != "failed";
}

}  // namespace

Result<telemetry::Health> ask_agent(const std::string& socket) {
    const auto answer = control::request(socket, R"({"op":"status"})", kAgentPatience);
    return answer ? control::parse_status_answer(*answer)
                  : Result<telemetry::Health>(answer.error());
}

Findings check_agent(const Result<telemetry::Health>& answer) {
    if (!answer) {
        return {kAgent.problem(
            answer.error().message, "systemctl start cxedged; journalctl -u cxedged says why not"
        )};
    }
    Findings findings;
    for (const telemetry::SourceHealth& source : answer->sources) {
        if (!works(source)) {
            findings.push_back(kAgent.problem(
                fmt::format("source {} is {}: {}", source.name, source.state, source.problem),
                "do what it says; the agent tries again by itself"
            ));
        }
    }
    const std::string headline_text = headline(*answer);
    findings.push_back(
        headline_text == "OK" ? kAgent.ok(fmt::format(
                                    "cxedge {} runs, up {}, {} samples delivered",
                                    answer->version,
                                    human_duration(answer->uptime_s),
                                    answer->samples_delivered
                                ))
                              : kAgent.problem(headline_text, "cxctl status says more")
    );
    return findings;
}

}  // namespace cxedge::ctl
