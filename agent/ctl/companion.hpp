// SPDX-License-Identifier: Apache-2.0
// Programs of other packages that cxctl runs for a verb: in front of the same terminal, with the
// same exit codes.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::ctl {

// The file `name` beside this program.
std::string companion_path(const std::string& name);

// The exit status of `program`, run to its end with standard input and output of ours.
// unavailable: it could not be started; failed to end well (a crash): corrupt.
Result<int> run_companion(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace cxedge::ctl
