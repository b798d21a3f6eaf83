// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/hmac.hpp"

#include <array>
#include <climits>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "agent/base/ids.hpp"

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kSumLength = 32;
constexpr std::string_view kScheme = "sha256=";

// Empty: libcrypto refuses.
std::string hmac_sum(std::string_view key, std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned length = 0;
    if (key.size() > INT_MAX) {
        return {};
    }
    const void* const bytes = message.data();
    const unsigned char* const done = ::HMAC(
        ::EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        static_cast<const unsigned char*>(bytes),
        message.size(),
        sum.data(),
        &length
    );
    return done != nullptr ? std::string(sum.begin(), sum.begin() + length) : std::string();
}

std::string base64(const std::string& sum) {
    std::array<unsigned char, 4 * (kSumLength / 3 + 1) + 1> text{};
    const void* const bytes = sum.data();
    const int length = ::EVP_EncodeBlock(
        text.data(), static_cast<const unsigned char*>(bytes), static_cast<int>(sum.size())
    );
    return {text.begin(), text.begin() + length};
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string hmac_sha256_hex(std::string_view key, std::string_view message) {
    return to_hex(hmac_sum(key, message));
}

bool signature_fits(std::string_view told, std::string_view key, std::string_view message) {
    told = trimmed(told);
    if (told.substr(0, kScheme.size()) == kScheme) {
        told.remove_prefix(kScheme.size());
    }
    const std::string sum = hmac_sum(key, message);
    if (key.empty() || told.empty() || sum.size() != kSumLength) {
        return false;
    }
    return same(lower(told), to_hex(sum)) || same(told, base64(sum));
}

}  // namespace cxedge::devices
