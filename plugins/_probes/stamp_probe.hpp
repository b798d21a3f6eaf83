// SPDX-License-Identifier: Apache-2.0
// What probes that send STAMP packets share: settings, the key, the run. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "plugins/_probes/probe_settings.hpp"
#include "plugins/_probes/stamp_stream.hpp"

namespace cxedge::probes {

struct StampSettings : ProbeSettings {
    std::string key_file;
    std::int64_t dscp = 0;
    std::chrono::milliseconds wait{2'000};
    double owd_max_error_ms = 10;
};

// T derives from StampSettings.
template <class T>
void add_stamp_keys(Schema<T>& schema) {
    add_probe_keys(schema);
    schema.text("key_file", &T::key_file, "Signs packets with this key, as the reflector does");
    schema.integer("dscp", &T::dscp, "Marks packets: 0 best effort, 46 voice").range(0, 63);
    schema.duration("wait_ms", &T::wait, "A packet is lost that is not back by then")
        .range(10, 30'000);
    schema
        .number(
            "owd_max_error_ms",
            &T::owd_max_error_ms,
            "One-way delays are told while both clocks together are wrong by less"
        )
        .range(0.001, 10'000);
}

// Adds a problem if sending for `sending` and waiting would take longer than timeout_s.
void check_stamp_timeout(
    const StampSettings& settings,
    std::chrono::milliseconds sending,
    const SettingsNode& node,
    SettingsProblems& problems
);

// The key of `key_file`; empty: none is set. Errors of read_secret().
Result<std::string> stamp_key(const StampSettings& settings);

// What the settings say of any stream.
StampPlan stamp_plan(const StampSettings& settings, std::string key);

// The reflector's times are wrong, and not because this clock was set.
std::optional<StampNonsense> stamp_times_problem(const StampOutcome& outcome);

// Whether one-way delays mean something: nothing, or why not. `own`: this clock.
std::string stamp_owd_problem(
    const StampOutcome& outcome, const KernelClock& own, double max_error_ms
);

// A stream as a run.
class StampRun final : public ProbeRun {
public:
    using Judge = std::function<Finding(StampOutcome)>;
    StampRun(
        const ProbeContext& context,
        StampPlan plan,
        KernelClockReader own_clock,
        std::string address,
        Judge judge
    )
        : stream_(context, std::move(plan), std::move(own_clock)),
          address_(std::move(address)),
          judge_(std::move(judge)) {}

    void begin(Done done) override {
        stream_.begin(address_, [this, done = std::move(done)](StampOutcome outcome) {
            done(judge_(std::move(outcome)));
        });
    }

private:
    StampStream stream_;
    std::string address_;
    Judge judge_;
};

// Result, step, detail and what all such probes say of a run. `body_mismatch`: the reflector
// answers, with times that cannot be.
Finding stamp_finding(const StampOutcome& outcome);
// A series of a finding.
Figure stamp_figure(
    std::string metric, Kind kind, std::string unit, std::vector<Dimension> dims = {}
);

}  // namespace cxedge::probes
