// SPDX-License-Identifier: Apache-2.0
// One look at the box's clock: the kernel, and chronyd where there is one. Thread: the loop's.
#pragma once

#include <optional>
#include <string>

#include "plugins/_devices/child_group.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/clock/chrony_tracking.hpp"
#include "plugins/clock/clock_system.hpp"

namespace cxedge::plugins {

// What was learnt; pure from here to the finding.
struct ClockLook {
    KernelTime kernel;
    bool chrony_asked = false;  // chronyc is here
    std::optional<ChronyTracking> chrony;
    std::string chrony_problem;  // why there is none
};
probes::Finding clock_finding(const ClockLook& look);

class ClockRun final : public probes::ProbeRun {
public:
    // `chronyc`: program; empty: do not ask.
    ClockRun(const ClockSystem& system, std::string chronyc, const probes::ProbeContext& context);
    void begin(Done done) override;

private:
    void ask_chrony();
    void read_output();
    void judge_output();
    void give_up();
    void finish();

    const ClockSystem& system_;
    std::string chronyc_;
    const probes::ProbeContext& context_;
    Done done_;
    ClockLook look_;
    std::optional<devices::ChildGroup> child_;
    std::string output_;
    LoopHandle reading_;
    LoopHandle deadline_;
    LoopHandle end_;
};

}  // namespace cxedge::plugins
