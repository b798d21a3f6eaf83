// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge::plugins {

// Eight hex digits that tell access points apart without saying which they are: the start of
// HMAC-SHA256(salt, address) (RFC 2104). Thread: any.
std::string bss_name(std::string_view salt, const std::array<std::uint8_t, 6>& address);

}  // namespace cxedge::plugins
