// SPDX-License-Identifier: Apache-2.0
#include "agent/app/notify.hpp"

#include <cstdint>

#include <systemd/sd-daemon.h>

namespace cxedge::app {

void notify_ready(const std::string& status) {
    ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void notify_stopping() {
    ::sd_notify(0, "STOPPING=1\nSTATUS=sending what is left");
}

void notify_watchdog() {
    ::sd_notify(0, "WATCHDOG=1");
}

std::chrono::milliseconds watchdog_period() {
    std::uint64_t usec = 0;
    if (::sd_watchdog_enabled(0, &usec) <= 0) {
        return std::chrono::milliseconds(0);
    }
    return std::chrono::milliseconds(usec / 2000);
}

}  // namespace cxedge::app
