// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_hmac.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "plugins/_probes/stamp_packet.hpp"

namespace cxedge::probes {
namespace {

constexpr std::size_t kSignatureBytes = 16;
constexpr std::size_t kLongestKey = 1'024;
constexpr const char* kWhite = " \t\r\n";

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

Result<std::string> read_stamp_key(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!file) {
        return system_error(path, errno);
    }
    std::getline(file, line);
    const std::size_t begin = line.find_first_not_of(kWhite);
    if (begin == std::string::npos) {
        return invalid_argument(path + ": its first line is empty");
    }
    line = line.substr(begin, line.find_last_not_of(kWhite) + 1 - begin);
    return line.size() <= kLongestKey ? Result<std::string>(line)
                                      : invalid_argument(path + ": longer than 1,024 bytes");
}

}  // namespace cxedge::probes
