// SPDX-License-Identifier: Apache-2.0
// References of a document to others (RFC 3986 section 5.2). Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cxedge::plugins::video {

// What `reference` means in the document at `base` (absolute, http or https), without its fragment;
// nothing: not http or https, longer than kLongestUrl, or with spaces or control characters.
std::optional<std::string> resolve_reference(std::string_view base, std::string_view reference);

}  // namespace cxedge::plugins::video
