// SPDX-License-Identifier: Apache-2.0
// privacy.dropped_fields{source, field}: what personal fields messages held. None of them goes
// further; that they were there is counted. Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/plugin_api/host.hpp"

namespace cxedge::devices {

class PrivateCount {
public:
    // The host outlives it.
    explicit PrivateCount(Host& host) : host_(host) {}

    // Kind of field -> how many of them held something, as in Report.
    void add(const std::map<std::string, std::uint64_t>& fields);

private:
    std::optional<SeriesId> series_of(const std::string& kind);

    Host& host_;
    std::map<std::string, SeriesId> series_;
};

}  // namespace cxedge::devices
