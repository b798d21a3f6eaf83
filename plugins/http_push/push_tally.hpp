// SPDX-License-Identifier: Apache-2.0
// What requests were answered: counted, and what was refused told once an hour for each reason and
// direction it came from. Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/plugin_api/host.hpp"

namespace cxedge::plugins {

class PushTally {
public:
    explicit PushTally(Host& host);

    void answered(int status) { ++counts_[status]; }
    // Counts, too. An unknown sender's address is empty.
    void refused(int status, std::string_view peer);
    // Emits http_push.requests.
    void flush();

private:
    std::optional<SeriesId> series_of(int status);
    void tell(int status, const char* from, std::string_view peer);

    Host& host_;
    std::map<int, std::uint64_t> counts_;
    std::map<int, SeriesId> series_;
    std::map<std::pair<int, std::string>, SteadyTime> told_;
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
