// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/hmac.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

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

}  // namespace

bool hmac_sha256_matches(std::string_view secret, std::string_view body, std::string_view hex) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    const void* const bytes = body.data();
    const bool made = secret.size() <= std::numeric_limits<int>::max() &&
                      HMAC(
                          EVP_sha256(),
                          secret.data(),
                          static_cast<int>(secret.size()),
                          static_cast<const unsigned char*>(bytes),
                          body.size(),
                          digest.data(),
                          &size
                      ) != nullptr;
    std::string given = lower(trimmed(hex));
    if (given.rfind(kPrefix, 0) == 0) {
        given.erase(0, kPrefix.size());
    }
    const std::string expected = hex_of(digest.data(), kDigestBytes);
    return made && size == kDigestBytes && given.size() == expected.size() &&
           CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

}  // namespace cxedge::devices
