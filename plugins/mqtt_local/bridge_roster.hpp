// SPDX-License-Identifier: Apache-2.0
// Which devices are behind which bridge: when a bridge goes, nothing is known of them. Thread: the
// loop's.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "plugins/_devices/report.hpp"

namespace cxedge::plugins {

class BridgeRoster {
public:
    explicit BridgeRoster(std::size_t max_devices) : max_devices_(max_devices) {}

    // Remembers the devices that a message of this topic is about; to the message with which a
    // bridge goes it adds them all, down.
    void note(std::string_view topic, devices::Report& report);
    // The bridge of this topic is known to be away.
    [[nodiscard]] bool is_away(std::string_view topic) const;

private:
    void bridge_said(const devices::DeviceEvent& event, devices::Report& report);
    void remember(std::string_view topic, const std::string& device);

    std::size_t max_devices_;
    std::map<std::string, std::string> topics_;  // of each device
    std::set<std::string, std::less<>> away_;    // base topics with their last slash
};

}  // namespace cxedge::plugins
