// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"

namespace cxedge {

// Passwords, tokens and keys stand in the first line of a file; blanks around them do not count.
// unavailable: it cannot be read now; invalid_argument: there is nothing in that line, or it is
// longer than 64 KiB. Messages begin with the path. Thread: any.
Result<std::string> read_secret(const std::string& path);

}  // namespace cxedge
