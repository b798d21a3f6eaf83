// SPDX-License-Identifier: Apache-2.0
// sd_notify(3), sd_watchdog_enabled(3); does nothing when the agent was not started by systemd.
#pragma once

#include <chrono>
#include <string>

namespace cxedge::app {

void notify_ready(const std::string& status);
void notify_stopping();
void notify_watchdog();
// Half of what systemd expects (WatchdogSec), or 0 when it expects nothing.
std::chrono::milliseconds watchdog_period();

}  // namespace cxedge::app
