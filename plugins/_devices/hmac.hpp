// SPDX-License-Identifier: Apache-2.0
// Signatures of webhooks: HMAC-SHA256 (RFC 2104) over the body as it came. Thread: any.
#pragma once

#include <string_view>

namespace cxedge::devices {

// Whether `hex` (any case, "sha256=" before it allowed) is the signature of `body`. Takes as long
// for a wrong one as for the right one.
[[nodiscard]] bool hmac_sha256_matches(
    std::string_view secret, std::string_view body, std::string_view hex
);

}  // namespace cxedge::devices
