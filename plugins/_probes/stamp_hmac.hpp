// SPDX-License-Identifier: Apache-2.0
// Signatures of STAMP packets in authenticated mode: HMAC-SHA-256 of the first 96 bytes, of which
// the first 16 bytes are sent (RFC 8762, 4.4). Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::probes {

// `packet` has the 112 bytes of authenticated mode at least; else, or without a key, nothing is
// done.
void sign_stamp(std::string& packet, std::string_view key);
// Takes as long for a wrong signature as for the right one.
[[nodiscard]] bool stamp_signature_fits(std::string_view packet, std::string_view key);

// The first line of a file, without white space around it. unavailable: it cannot be read;
// invalid_argument: the line is empty, or longer than 1,024 bytes.
Result<std::string> read_stamp_key(const std::string& path);

}  // namespace cxedge::probes
