// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_hmac.hpp"

#include <algorithm>
#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "plugins/_probes/stamp_packet.hpp"

namespace cxedge::probes {
namespace {

constexpr std::size_t kSignatureBytes = 16;

using StampSignature = std::array<unsigned char, EVP_MAX_MD_SIZE>;

// False: it cannot be made.
bool make_signature(std::string_view packet, std::string_view key, StampSignature& signature) {
    if (packet.size() < kStampAuthenticatedBytes || key.empty()) {
        return false;
    }
    unsigned size = 0;
    const void* const data = packet.data();
    return ::HMAC(
               EVP_sha256(),
               key.data(),
               static_cast<int>(key.size()),
               static_cast<const unsigned char*>(data),
               kStampSignedBytes,
               signature.data(),
               &size
           ) != nullptr &&
           size >= kSignatureBytes;
}

}  // namespace

void sign_stamp(std::string& packet, std::string_view key) {
    StampSignature signature{};
    if (make_signature(packet, key, signature)) {
        std::copy_n(signature.begin(), kSignatureBytes, packet.begin() + kStampSignedBytes);
    }
}

bool stamp_signature_fits(std::string_view packet, std::string_view key) {
    StampSignature signature{};
    return make_signature(packet, key, signature) &&
           CRYPTO_memcmp(signature.data(), packet.data() + kStampSignedBytes, kSignatureBytes) == 0;
}

}  // namespace cxedge::probes
