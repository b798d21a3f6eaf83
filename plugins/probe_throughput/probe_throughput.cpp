// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/probe_throughput.hpp"

#include "plugins/probe_throughput/throughput_run.hpp"

namespace cxedge::plugins {

std::vector<SettingHelp> ProbeThroughput::settings_help() {
    return throughput_settings_help();
}

void ProbeThroughput::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_throughput_settings(settings, problems);
}

Status ProbeThroughput::open(const probes::ProbeContext& context) {
    if (settings_.rtt_by == "none") {
        return {};
    }
    rtt_ = throughput::make_rtt_probe(settings_.rtt_by, settings_);
    return rtt_->source->open(context);
}

void ProbeThroughput::close() {
    if (rtt_) {
        rtt_->source->close();
        rtt_.reset();
    }
}

std::unique_ptr<probes::ProbeRun> ProbeThroughput::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    return std::make_unique<throughput::ThroughputRun>(
        settings_, target.address, rtt_ ? &*rtt_ : nullptr, context
    );
}

}  // namespace cxedge::plugins
