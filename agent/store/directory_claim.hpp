// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::store {

// Creates the state directory (mode 0700) where it is missing and takes its lock for as long as the
// returned descriptor is open; children that exec do not inherit it. unavailable: the directory
// cannot be used, or another process holds the lock; says why and what to do.
Result<UniqueFd> claim_directory(const std::string& directory);

}  // namespace cxedge::store
