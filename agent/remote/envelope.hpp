// SPDX-License-Identifier: Apache-2.0
// Verify before parse: the one way from bytes off the network to a body that may be looked at.
// Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/remote/signing.hpp"

namespace cxedge::remote {

struct Opened {
    std::string body;
    std::vector<PublicKey> signers;  // those of the pinned keys whose signature holds; never empty
};

// `pinned`: the keys that may sign, [remote] keys. exhausted: larger than 256 KiB; corrupt: not an
// envelope; invalid_argument: no signature of a pinned key, or one that does not hold.
Result<Opened> open_envelope(
    Purpose purpose, std::string_view payload, const std::vector<PublicKey>& pinned
);

// Signed by each of `keys`, of which there are one or two.
Result<std::string> seal_envelope(
    Purpose purpose, std::string body, const std::vector<const SigningKey*>& keys
);

}  // namespace cxedge::remote
