// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_http/body_check.hpp"

#include <array>
#include <utility>

#include <fmt/core.h>
#include <openssl/evp.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {

class BodyCheck::Digest {
public:
    Digest() : context_(::EVP_MD_CTX_new()) {
        ::EVP_DigestInit_ex(context_, ::EVP_sha256(), nullptr);
    }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    ~Digest() { ::EVP_MD_CTX_free(context_); }

    void feed(std::string_view bytes) { ::EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
    std::string hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        ::EVP_DigestFinal_ex(context_, digest.data(), &size);
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            text += fmt::format("{:02x}", digest[i]);
        }
        return text;
    }

private:
    EVP_MD_CTX* context_;
};

BodyCheck::BodyCheck(std::string text, std::string_view sha256)
    : wanted_(std::move(text)),
      sha256_(devices::lower(sha256)),
      digest_(sha256_.empty() ? nullptr : std::make_unique<Digest>()) {}

BodyCheck::~BodyCheck() = default;

void BodyCheck::feed(std::string_view bytes) {
    wanted_.feed(bytes);
    form_.feed(bytes);
    if (digest_) {
        digest_->feed(bytes);
    }
}

std::string BodyCheck::mismatch() {
    if (!wanted_.found()) {
        return "the body does not hold expect_body";
    }
    const std::string digest = digest_ ? digest_->hex() : sha256_;
    return digest == sha256_ ? std::string() : "the body has SHA-256 " + digest;
}

}  // namespace cxedge::plugins
