// SPDX-License-Identifier: Apache-2.0
// privacy.dropped_fields{source, field}: what personal fields messages held. None of them goes
// further; that they were there is counted. Thread: the loop's.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/privacy.hpp"

namespace cxedge::devices {

class PrivateCount {
public:
    // The host outlives it.
    explicit PrivateCount(Host& host) : host_(host) {}

    void add(const PrivateFields& fields);

private:
    std::optional<SeriesId> series_of(const std::string& kind);

    Host& host_;
    std::map<std::string, SeriesId> series_;
};

}  // namespace cxedge::devices
