// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/envelope.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/wire/envelope.hpp"

namespace cxedge::remote {

Result<Opened> open_envelope(
    Purpose purpose, std::string_view payload, const std::vector<PublicKey>& pinned
) {
    Result<wire::Envelope> envelope = wire::decode_envelope(payload);
    if (!envelope) {
        return envelope.error();
    }
    if (pinned.empty()) {
        return invalid_argument("this box has no [remote] keys: it follows nobody");
    }
    Opened opened;
    for (const wire::EnvelopeSignature& signature : envelope->signatures) {
        const auto key = std::find_if(pinned.begin(), pinned.end(), [&](const PublicKey& known) {
            return known.id() == signature.key_id;
        });
        if (key == pinned.end()) {
            continue;  // of the key that comes, or of the one that went
        }
        // One false signature spoils the whole: somebody wanted it to look better signed.
        if (!key->verify(purpose, envelope->body, signature.bytes)) {
            return invalid_argument(
                fmt::format("the signature of key {} does not hold", to_hex(signature.key_id))
            );
        }
        if (std::find(opened.signers.begin(), opened.signers.end(), *key) == opened.signers.end()) {
            opened.signers.push_back(*key);
        }
    }
    if (opened.signers.empty()) {
        const std::string& stranger = envelope->signatures.front().key_id;
        return invalid_argument(
            fmt::format("signed by key {}, which is not in [remote] keys", to_hex(stranger))
        );
    }
    opened.body = std::move(envelope->body);
    return opened;
}

Result<std::string> seal_envelope(
    Purpose purpose, std::string body, const std::vector<const SigningKey*>& keys
) {
    if (keys.empty() || keys.size() > wire::kMaxSignatures) {
        return invalid_argument("one or two keys sign an envelope");
    }
    wire::Envelope envelope{std::move(body), {}};
    for (const SigningKey* key : keys) {
        Result<std::string> signature = key->sign(purpose, envelope.body);
        if (!signature) {
            return signature.error();
        }
        envelope.signatures.push_back({key->public_key().id(), std::move(*signature)});
    }
    std::string sealed = wire::encode_envelope(envelope);
    if (sealed.size() > wire::kMaxEnvelopeBytes) {
        return exhausted(fmt::format(
            "{} bytes are more than an envelope holds, {}", sealed.size(), wire::kMaxEnvelopeBytes
        ));
    }
    return sealed;
}

}  // namespace cxedge::remote
