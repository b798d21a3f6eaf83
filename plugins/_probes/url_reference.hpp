// SPDX-License-Identifier: Apache-2.0
// What a reference in a page, playlist or manifest means: RFC 3986 section 5.2, strict. Pure.
// Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cxedge::probes {

inline constexpr std::size_t kLongestUrl = 2'048;

// The URL that `reference` means in a document at `base`, without its fragment. Blanks around it
// and line ends within are left out; other bytes that a URL may not hold are written as %XX.
// Nothing: `base` is no absolute URL, or the result has no host or is longer than kLongestUrl.
std::optional<std::string> resolve_reference(std::string_view base, std::string_view reference);

}  // namespace cxedge::probes
