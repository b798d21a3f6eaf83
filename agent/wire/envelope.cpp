// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/envelope.hpp"

#include <fmt/core.h>

#include "agent/wire/fields.hpp"

namespace cxedge::wire {
namespace {

// By hand, not by the generated parser: bytes that nobody vouches for yet are counted and bounded
// before anything is allocated for them.
constexpr std::uint32_t kBody = 1;
constexpr std::uint32_t kSignature = 2;
constexpr std::uint32_t kKeyId = 1;
constexpr std::uint32_t kSig = 2;

Result<EnvelopeSignature> signature_of(std::string_view bytes) {
    EnvelopeSignature out;
    FieldReader fields(bytes);
    for (Field field; fields.next(field);) {
        if (field.has_bytes && field.number == kKeyId) {
            out.key_id = field.bytes;
        } else if (field.has_bytes && field.number == kSig) {
            out.bytes = field.bytes;
        }
    }
    if (fields.malformed() || out.key_id.size() != kKeyIdBytes) {
        return corrupt("envelope: a signature does not name its key");
    }
    if (out.bytes.size() != kSignatureBytes) {
        return corrupt(fmt::format(
            "envelope: a signature has {} bytes, not {}", out.bytes.size(), kSignatureBytes
        ));
    }
    return out;
}

Status take_field(const Field& field, Envelope& envelope) {
    if (field.has_bytes && field.number == kBody) {
        envelope.body = field.bytes;
        return {};
    }
    if (!field.has_bytes || field.number != kSignature) {
        return {};
    }
    if (envelope.signatures.size() == kMaxSignatures) {
        return corrupt(fmt::format("envelope: more than {} signatures", kMaxSignatures));
    }
    auto signature = signature_of(field.bytes);
    if (!signature) {
        return signature.error();
    }
    envelope.signatures.push_back(std::move(*signature));
    return {};
}

}  // namespace

std::string encode_envelope(const Envelope& envelope) {
    std::string out;
    append_bytes_field(out, kBody, envelope.body);
    for (const EnvelopeSignature& signature : envelope.signatures) {
        std::string inner;
        append_bytes_field(inner, kKeyId, signature.key_id);
        append_bytes_field(inner, kSig, signature.bytes);
        append_bytes_field(out, kSignature, inner);
    }
    return out;
}

Result<Envelope> decode_envelope(std::string_view payload) {
    if (payload.size() > kMaxEnvelopeBytes) {
        return exhausted(fmt::format(
            "envelope: {} bytes, at most {} are read", payload.size(), kMaxEnvelopeBytes
        ));
    }
    Envelope envelope;
    FieldReader fields(payload);
    for (Field field; fields.next(field);) {
        if (const Status taken = take_field(field, envelope); !taken) {
            return taken.error();
        }
    }
    if (fields.malformed()) {
        return corrupt(fmt::format("envelope: {} bytes are not an Envelope", payload.size()));
    }
    if (envelope.signatures.empty()) {
        return corrupt("envelope: nobody signed it");
    }
    return envelope;
}

}  // namespace cxedge::wire
