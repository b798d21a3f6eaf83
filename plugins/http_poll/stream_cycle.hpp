// SPDX-License-Identifier: Apache-2.0
// Keeps one target's multipart answer open and connects again when it ends. Thread: the loop's.
#pragma once

#include <optional>
#include <string_view>

#include "plugins/_devices/multipart.hpp"
#include "plugins/http_poll/poll_cycle.hpp"

namespace cxedge::plugins {

class StreamCycle final : public Cycle {
public:
    StreamCycle(Host& host, devices::HttpClient& client, PollTarget target, TargetDesk desk);

private:
    void connect();
    void bytes_came(std::string_view content_type, std::string_view bytes);
    void begin(std::string_view content_type);
    void part_came(const devices::MultipartPart& part);
    void tell_skipped();
    void ended(const Status& end);
    void silent();
    void lost(const std::string& why);
    void connect_later();
    void arm_silence();

    Host& host_;
    devices::HttpClient& client_;
    const PollTarget target_;
    TargetDesk desk_;
    devices::HttpTask task_;
    std::optional<devices::MultipartSplitter> splitter_;
    bool has_parts_ = false;   // of this connection
    bool was_silent_ = false;  // the last one ended so
    std::chrono::seconds backoff_{1};
    LoopHandle retry_;
    LoopHandle silence_;
};

}  // namespace cxedge::plugins
