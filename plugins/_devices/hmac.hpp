// SPDX-License-Identifier: Apache-2.0
// Signatures of webhooks (RFC 2104 with SHA-256). Pure. Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace cxedge::devices {

// 64 lower-case hex digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view message);

// `told` is the signature of `message` in hex (any case) or base64, with or without "sha256=" in
// front. Takes the same time wherever they differ. An empty key or signature never fits.
bool signature_fits(std::string_view told, std::string_view key, std::string_view message);

}  // namespace cxedge::devices
