// SPDX-License-Identifier: Apache-2.0
// Starts a source, starts it again while the outside world is not ready, stops it. The same for
// both hosts. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/plugin_api/source.hpp"

namespace cxedge {

// Delay before try number `attempt` (1 = first retry): 1 s doubling to 60 s, plus up to a quarter
// of jitter so that a thousand boxes do not knock at once.
std::chrono::milliseconds retry_delay(unsigned attempt, std::uint32_t random);

enum class RunState : std::uint8_t { stopped, waiting, running, failed };

class SourceRunner {
public:
    using FailedCallback = std::function<void(const Error&)>;

    // `source` has passed init(). `host` outlives the runner. `on_failed` is called for an error
    // that a retry will not cure.
    SourceRunner(std::unique_ptr<Source> source, Host& host, FailedCallback on_failed);
    SourceRunner(const SourceRunner&) = delete;
    SourceRunner& operator=(const SourceRunner&) = delete;
    ~SourceRunner();

    void start();
    void stop();
    [[nodiscard]] RunState state() const { return state_; }

private:
    std::unique_ptr<Source> source_;
    Host& host_;
    FailedCallback on_failed_;
    RunState state_ = RunState::stopped;
    unsigned attempts_ = 0;
    LoopHandle retry_;
};

}  // namespace cxedge
