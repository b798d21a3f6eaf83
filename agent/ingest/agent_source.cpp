// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/agent_source.hpp"

#include <utility>

namespace cxedge::ingest {

AgentSource::AgentSource(
    SourceSpec spec,
    const IngestContext& context,
    WorkerPool& workers,
    std::unique_ptr<Source> source
)
    : spec_(std::move(spec)), host_(spec_, context, workers), fresh_(std::move(source)) {}

void AgentSource::start() {
    SettingsProblems problems;
    fresh_->init(spec_.settings, problems);
    if (!problems.empty()) {
        failed(problems.error());
        return;
    }
    host_.set_acknowledges(fresh_->acknowledges());
    runner_ = std::make_unique<SourceRunner>(std::move(fresh_), host_, [this](const Error& error) {
        failed(error);
    });
    runner_->start();
}

void AgentSource::failed(const Error& error) {
    failed_ = true;
    host_.set_problem(error.message);
    host_.reporter().event("plugin.failed", Severity::major, error.message, {});
}

void AgentSource::stop() {
    if (runner_) {
        runner_->stop();
    }
    host_.unfollow();
}

bool AgentSource::stopped() const {
    return runner_ == nullptr || runner_->state() == RunState::stopped;
}

InstanceHealth AgentSource::health() const {
    InstanceHealth health;
    health.problem = host_.reporter().problem();
    health.readings = host_.readings();
    if (failed_) {
        health.state = "failed";
    } else if (runner_ == nullptr) {
        health.state = "starting";
    } else {
        const RunState state = runner_->state();
        health.state = state == RunState::running   ? "running"
                       : state == RunState::waiting ? "waiting"
                                                    : "stopped";
    }
    return health;
}

}  // namespace cxedge::ingest
