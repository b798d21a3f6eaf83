// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::probes {

// An interface in the name of a file; "any": none is named.
std::string interface_word(std::string interface);

// A file that all probes of the box lock; made where there is none, with its directory. It belongs
// to whom the directory belongs, also when root was first. unavailable: says why. Thread: any.
Result<UniqueFd> open_shared(const std::string& directory, const std::string& name);

}  // namespace cxedge::probes
