// SPDX-License-Identifier: Apache-2.0
// A body and who signed it, as bytes. Nothing here says that a signature holds: agent/remote does.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::wire {

inline constexpr std::size_t kMaxEnvelopeBytes = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxSignatures = 2;
inline constexpr std::size_t kSignatureBytes = 64;  // RFC 8032, Ed25519
inline constexpr std::size_t kKeyIdBytes = 8;

struct EnvelopeSignature {
    std::string key_id;  // kKeyIdBytes
    std::string bytes;   // kSignatureBytes
    bool operator==(const EnvelopeSignature&) const = default;
};

struct Envelope {
    std::string body;
    std::vector<EnvelopeSignature> signatures;  // 1 to kMaxSignatures
    bool operator==(const Envelope&) const = default;
};

std::string encode_envelope(const Envelope& envelope);
// exhausted: larger than kMaxEnvelopeBytes. corrupt: not an Envelope, or a signature of another
// length, or too few or many of them.
Result<Envelope> decode_envelope(std::string_view payload);

}  // namespace cxedge::wire
