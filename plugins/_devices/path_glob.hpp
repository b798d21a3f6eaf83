// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cxedge::devices {

// Of which '*', '?' and '[...]' match within one part of a path; hidden names only where the
// pattern has the dot. Thread: any.
bool is_pattern(std::string_view path);

// What there is, of any kind, that matches one of the patterns; sorted, each once. A path without
// such characters stands for itself, whether it is there or not.
std::vector<std::string> matching_paths(const std::vector<std::string>& patterns);

}  // namespace cxedge::devices
