// SPDX-License-Identifier: Apache-2.0
// cxctl devices: the inventory of the box, device by device.
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/status.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::ctl {

struct DevicesOptions {
    std::string socket = kDefaultSocket;
    bool json = false;
};

// A table for people: silent devices first.
std::string device_table(const telemetry::Health& health);
// One JSON object a device and line.
std::string device_lines(const telemetry::Health& health);
// Status 3: nobody answers on the socket.
ExitCode run_devices(const DevicesOptions& options);

}  // namespace cxedge::ctl
