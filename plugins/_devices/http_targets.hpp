// SPDX-License-Identifier: Apache-2.0
// Several devices that one source asks over HTTP, each at its pace. Thread: the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include "plugins/_devices/http_client.hpp"

namespace cxedge::devices {

// A `[[source.target]]` with the source's settings of those `keys` where it has none of its own;
// not of `url` and `device`.
SettingsNode with_inherited(
    const SettingsNode& target, const SettingsNode& source, const std::vector<SettingHelp>& keys
);

// Says what is wrong between the settings of `access`; `node` has them.
void check_http_access(
    const HttpAccess& access, const SettingsNode& node, SettingsProblems& problems
);

// Asks at a fixed rate, one request at a time: one that is due while another waits is skipped.
class HttpCycle {
public:
    struct Events {
        std::function<Result<HttpCall>()> call;  // what to ask now
        std::function<void(const Result<HttpReply>& reply)> reply;
        std::function<void()> skipped;
    };

    // `phase_name` and the source's name say when in the interval: not all sources and targets of
    // one pace ask at once. The first time comes within ten seconds.
    HttpCycle(
        Host& host,
        HttpClient& client,
        std::chrono::milliseconds interval,
        std::string_view phase_name,
        Events events
    );

private:
    void tick();

    Host& host_;
    HttpClient& client_;
    const std::chrono::milliseconds interval_;
    const Events events_;
    HttpTask task_;
    LoopHandle first_;
    LoopHandle timer_;
};

}  // namespace cxedge::devices
