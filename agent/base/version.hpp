// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cxedge {

// Of all programs of a build, and of their packages: "0.1.0+20261122134200.0b7dd6912abc"
// (cmake/version.cmake).
std::string_view version();

}  // namespace cxedge
