// SPDX-License-Identifier: Apache-2.0
// Paths of requests. Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cxedge::devices {

// Percent-decoded. Empty: a wrong escape, a control character, or it does not begin with '/'.
std::optional<std::string> decoded_path(std::string_view raw);

}  // namespace cxedge::devices
