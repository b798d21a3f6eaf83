// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/model/device.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::app {

// Every device that sources of this run told of: for `cxctl devices`. Thread: ingest.
class DeviceInventory {
public:
    explicit DeviceInventory(const Clock& clock) : clock_(clock) {}

    void tell(std::string_view source, const DeviceNote& note);
    // Sorted by source and name, with how long ago each was heard of, as of now.
    [[nodiscard]] std::vector<telemetry::DeviceHealth> list() const;

private:
    struct Entry {
        DeviceNote note;
        SteadyTime heard{};
    };
    // A source that tells of ever new devices must not grow without end.
    static constexpr std::size_t kMost = 4'096;

    const Clock& clock_;
    std::map<std::pair<std::string, std::string>, Entry> devices_;
};

}  // namespace cxedge::app
