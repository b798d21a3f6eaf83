// SPDX-License-Identifier: Apache-2.0
// "Stop all tests": a file that every probe process of the box looks at before and during its
// tests; survives restarts and reboots. Thread: any.
#pragma once

#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::probes {

// Until `until`, or for ever.
Status order_stop(const std::string& directory, std::optional<WallTime> until);
// Tests go on.
Status withdraw_stop(const std::string& directory);
// A file that cannot be read stops as well: whoever wrote it wanted that. `problem`, where there is
// one, is set to why, or cleared.
bool is_stopped(const std::string& directory, WallTime now, std::string* problem = nullptr);

}  // namespace cxedge::probes
