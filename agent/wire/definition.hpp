// SPDX-License-Identifier: Apache-2.0
// What both ends of a dictionary share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cxedge::wire {

inline constexpr std::size_t kMaxDefinitionBytes = 64U << 10U;

// Content id of a list with `definition` appended, from the content id before (0 for none).
std::uint32_t extend_content_id(std::uint32_t content_id, std::string_view definition);

}  // namespace cxedge::wire
