// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_wifi/bss_name.hpp"

#include <new>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "agent/base/ids.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kNameBytes = 4;

}  // namespace

std::string bss_name(std::string_view salt, const std::array<std::uint8_t, 6>& address) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned int size = 0;
    if (HMAC(
            EVP_sha256(),
            salt.data(),
            static_cast<int>(salt.size()),
            address.data(),
            address.size(),
            sum.data(),
            &size
        ) == nullptr) {
        throw std::bad_alloc();
    }
    return to_hex(std::string(sum.begin(), sum.begin() + kNameBytes));
}

}  // namespace cxedge::plugins
