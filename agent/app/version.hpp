// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cxedge::app {

// "0.1.0+<commit>".
std::string_view version();

}  // namespace cxedge::app
