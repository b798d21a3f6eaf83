// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/source_runner.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/ids.hpp"

namespace cxedge {

std::chrono::milliseconds retry_delay(unsigned attempt, std::uint32_t random) {
    const unsigned doublings = std::min(attempt > 0 ? attempt - 1 : 0, 6U);
    const std::chrono::milliseconds base =
        std::min(std::chrono::milliseconds(1000U << doublings), std::chrono::milliseconds(60000));
    return base + base * (random % 256) / 1024;
}

SourceRunner::SourceRunner(std::unique_ptr<Source> source, Host& host, FailedCallback on_failed)
    : source_(std::move(source)), host_(host), on_failed_(std::move(on_failed)) {}

SourceRunner::~SourceRunner() {
    stop();
}

void SourceRunner::start() {
    const Status started = source_->start(host_);
    if (started) {
        state_ = RunState::running;
        if (std::exchange(attempts_, 0) > 0) {
            host_.set_problem("");
        }
        return;
    }
    source_->stop();
    if (started.error().code != ErrorCode::unavailable) {
        state_ = RunState::failed;
        on_failed_(started.error());
        return;
    }
    state_ = RunState::waiting;
    host_.set_problem(started.error().message);
    retry_ = host_.loop().after(retry_delay(++attempts_, random_u32()), [this] { start(); });
}

void SourceRunner::stop() {
    retry_.cancel();
    if (state_ == RunState::running) {
        source_->stop();
    }
    state_ = RunState::stopped;
}

}  // namespace cxedge
