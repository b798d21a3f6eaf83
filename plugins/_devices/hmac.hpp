// SPDX-License-Identifier: Apache-2.0
// Signatures of webhooks: HMAC-SHA256 (RFC 2104) over the body as it came, and
// what some sign in front of it. Thread: any.
#pragma once

#include <initializer_list>
#include <string_view>

namespace cxedge::devices {

// Whether `hex` (any case, "sha256=" before it allowed) is the signature of `parts`, one after the
// other. Takes as long for a wrong one as for the right one.
[[nodiscard]] bool hmac_sha256_matches(
    std::string_view secret, std::initializer_list<std::string_view> parts, std::string_view hex
);

}  // namespace cxedge::devices
