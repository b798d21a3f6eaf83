// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/hmac.hpp"

#include <array>
#include <memory>
#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::string_view kPrefix = "sha256=";

std::string hex_of(const unsigned char* bytes, std::size_t size) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (std::size_t i = 0; i < size; ++i) {
        hex += kDigits[bytes[i] >> 4U];
        hex += kDigits[bytes[i] & 0x0FU];
    }
    return hex;
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

// As hex; empty: it cannot be made.
std::string signature_of(std::string_view secret, std::initializer_list<std::string_view> parts) {
    const void* const bytes = secret.data();
    const Key key(
        EVP_PKEY_new_raw_private_key(
            EVP_PKEY_HMAC, nullptr, static_cast<const unsigned char*>(bytes), secret.size()
        ),
        EVP_PKEY_free
    );
    const Digest digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!key || !digest ||
        EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1) {
        return {};
    }
    for (const std::string_view part : parts) {
        if (EVP_DigestSignUpdate(digest.get(), part.data(), part.size()) != 1) {
            return {};
        }
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    std::size_t size = sum.size();
    const bool made = EVP_DigestSignFinal(digest.get(), sum.data(), &size) == 1;
    return made && size == kDigestBytes ? hex_of(sum.data(), size) : std::string();
}

}  // namespace

bool hmac_sha256_matches(
    std::string_view secret, std::initializer_list<std::string_view> parts, std::string_view hex
) {
    const std::string expected = signature_of(secret, parts);
    std::string given = lower(trimmed(hex));
    if (given.rfind(kPrefix, 0) == 0) {
        given.erase(0, kPrefix.size());
    }
    return !expected.empty() && given.size() == expected.size() &&
           CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

}  // namespace cxedge::devices
