// SPDX-License-Identifier: Apache-2.0
// Asks one target at a fixed rate, one request at a time. Thread: the loop's.
#pragma once

#include <string>

#include "plugins/_devices/http_targets.hpp"
#include "plugins/http_poll/poll_settings.hpp"
#include "plugins/http_poll/target_desk.hpp"

namespace cxedge::plugins {

// The request as of now; unavailable: body_file cannot be read.
Result<devices::HttpCall> call_of(const PollTarget& target, WallTime now);

// Asks a target, or listens to it, for as long as it lives.
class Cycle {
public:
    Cycle() = default;
    Cycle(const Cycle&) = delete;
    Cycle& operator=(const Cycle&) = delete;
    virtual ~Cycle() = default;
};

class PollCycle final : public Cycle {
public:
    PollCycle(Host& host, devices::HttpClient& client, const PollTarget& target, TargetDesk desk);

private:
    void done(const Result<devices::HttpReply>& reply);

    Host& host_;
    const PollTarget target_;
    TargetDesk desk_;
    devices::HttpCycle cycle_;
};

}  // namespace cxedge::plugins
