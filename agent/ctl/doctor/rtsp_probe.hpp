// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/base/result.hpp"

namespace cxedge::ctl {

// Asks the camera behind rtsp://HOST[:554]/PATH for its stream (DESCRIBE, RFC 7826 section 13.2)
// without a password, and returns the status code of its answer. invalid_argument: the address is
// wrong; unavailable: no answer within `patience`, or it is not RTSP.
Result<int> rtsp_describe(const std::string& address, std::chrono::milliseconds patience);

}  // namespace cxedge::ctl
