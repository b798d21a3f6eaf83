// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/telemetry/health.hpp"

namespace cxedge::ctl {

// "OK", or what is wrong, worst first: "OFFLINE since 2026-11-22T10:00:00Z; SOURCE FAILED door;
// BEHIND 12 s".
std::string headline(const telemetry::Health& health);
// The page of `cxctl status`; its first line is the headline.
std::string status_page(const telemetry::Health& health);

}  // namespace cxedge::ctl
