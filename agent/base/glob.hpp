// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cxedge {

// '*' stands for any number of any characters, also none; everything else for itself. Takes at most
// the product of both lengths. Thread: any.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace cxedge
