// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cxedge::plugins {

// What a line looks like, without what it says: letters become 'a' and 'A', digits '9', bytes that
// are no printable ASCII '?'. At most 60 characters. Thread: any.
std::string shape_of(std::string_view line);

}  // namespace cxedge::plugins
