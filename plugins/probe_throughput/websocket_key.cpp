// SPDX-License-Identifier: Apache-2.0
// What WebSocket needs of cryptography (OpenSSL).
#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "plugins/probe_throughput/websocket.hpp"

namespace cxedge::plugins::throughput {
namespace {

constexpr std::size_t kKeyBytes = 16;     // RFC 6455 section 4.1
constexpr std::size_t kDigestBytes = 20;  // SHA-1
constexpr std::size_t kLongestText = 32;  // of 20 bytes in base64, with its zero

template <std::size_t N>
std::string base64(const std::array<unsigned char, N>& bytes) {
    std::array<unsigned char, kLongestText> text{};
    const int size = ::EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(N));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

}  // namespace

std::string websocket_key() {
    std::array<unsigned char, kKeyBytes> bytes{};
    static_cast<void>(::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())));
    return base64(bytes);
}

std::string websocket_accept(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, kDigestBytes> digest{};
    static_cast<void>(
        ::EVP_Digest(text.data(), text.size(), digest.data(), nullptr, ::EVP_sha1(), nullptr)
    );
    return base64(digest);
}

WsMask websocket_mask() {
    WsMask mask{};
    static_cast<void>(
        ::RAND_bytes(reinterpret_cast<unsigned char*>(mask.data()), static_cast<int>(mask.size()))
    );
    return mask;
}

}  // namespace cxedge::plugins::throughput
