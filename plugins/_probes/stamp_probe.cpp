// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_probe.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/secret_file.hpp"

namespace cxedge::probes {
namespace {

constexpr double kStampMsPerS = 1e3;

std::string nonsense_words(const StampNonsense& nonsense) {
    if (nonsense.dwell_s < 0) {
        return fmt::format(
            "the reflector's times make no sense: it says that it answered {:.3f} ms before it was "
            "asked",
            -nonsense.dwell_s * kStampMsPerS
        );
    }
    return fmt::format(
        "the reflector's times make no sense: it says that it kept a packet for {:.3f} ms that was "
        "back after {:.3f} ms",
        nonsense.dwell_s * kStampMsPerS,
        nonsense.away_s * kStampMsPerS
    );
}

void add_remark(std::string remark, Finding& finding) {
    finding.detail += (finding.detail.empty() ? "" : "; ") + std::move(remark);
}

// Its answers are there, but nothing that they say of time can be used.
void judge_times(const StampOutcome& outcome, Finding& finding) {
    const std::optional<StampNonsense> nonsense = stamp_times_problem(outcome);
    if (!nonsense) {
        return;
    }
    if (finding.result == ProbeResult::ok) {
        finding.result = ProbeResult::body_mismatch;
        finding.step = "server";
    }
    add_remark(nonsense_words(*nonsense), finding);
}

}  // namespace

Result<std::string> stamp_key(const StampSettings& settings) {
    if (settings.key_file.empty()) {
        return std::string();
    }
    Result<std::string> key = read_secret(settings.key_file);
    return key ? std::move(key) : Result<std::string>(key.error().during("key_file"));
}

StampPlan stamp_plan(const StampSettings& settings, std::string key) {
    StampPlan plan;
    plan.key = std::move(key);
    plan.dscp = static_cast<int>(settings.dscp);
    plan.family = family_of(settings.family);
    plan.wait = settings.wait;
    return plan;
}

void check_stamp_timeout(
    const StampSettings& settings,
    std::chrono::milliseconds sending,
    const SettingsNode& node,
    SettingsProblems& problems
) {
    const std::chrono::duration<double> needed = sending + settings.wait;
    if (needed > settings.timeout) {
        const SettingsNode* const at = node.find("timeout_s");
        problems.add(
            at != nullptr ? at->position : node.position,
            "timeout_s",
            fmt::format(
                "sending and waiting take {:.1f} s: at least so much is needed", needed.count()
            )
        );
    }
}

std::optional<StampNonsense> stamp_times_problem(const StampOutcome& outcome) {
    return outcome.clock_stepped ? std::nullopt : stamp_nonsense(outcome.record);
}

std::string stamp_owd_problem(
    const StampOutcome& outcome, const KernelClock& own, double max_error_ms
) {
    constexpr double kPerS = 1e6;
    if (outcome.clock_stepped) {
        return "the clock was set during the test";
    }
    if (stamp_times_problem(outcome)) {
        return "the reflector's times make no sense";
    }
    if (!own.synchronised) {
        return "nothing keeps this clock right";
    }
    const std::optional<double> error =
        stamp_clock_error(outcome.record, static_cast<double>(own.maximum_error_us) / kPerS);
    if (!error) {
        return "the reflector does not say that its clock is right";
    }
    return *error * kStampMsPerS <= max_error_ms
               ? ""
               : fmt::format("the clocks may be wrong by {:.3g} ms", *error * kStampMsPerS);
}

Finding stamp_finding(const StampOutcome& outcome) {
    Finding finding;
    finding.result = outcome.result;
    finding.step = outcome.step;
    finding.detail = outcome.detail;
    if (!outcome.address.empty()) {
        finding.facts.emplace_back("address", outcome.address);
    }
    if (outcome.foreign != 0) {
        finding.facts.emplace_back("packets that answer nothing", std::to_string(outcome.foreign));
    }
    if (outcome.clock_stepped) {
        add_remark("the clock was set during the test, so no times are told", finding);
    }
    judge_times(outcome, finding);
    return finding;
}

Figure stamp_figure(std::string metric, Kind kind, std::string unit, std::vector<Dimension> dims) {
    Figure figure;
    figure.info.key = {std::move(metric), std::move(dims)};
    figure.info.kind = kind;
    figure.info.unit = std::move(unit);
    return figure;
}

}  // namespace cxedge::probes
