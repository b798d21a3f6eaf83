// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/signing.hpp"

#include <algorithm>
#include <climits>
#include <vector>

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "agent/base/freed.hpp"
#include "agent/base/ids.hpp"
#include "agent/wire/envelope.hpp"

namespace cxedge::remote {
namespace {

constexpr std::string_view kKeyPrefix = "ed25519:";
constexpr std::size_t kKeyBytes = 32;

using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using MemoryPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* raw(std::string& bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}

// The final zero keeps one purpose from being the beginning of another.
std::string_view prefix_of(Purpose purpose) {
    using std::string_view_literals::operator""sv;
    switch (purpose) {
        case Purpose::desired:
            return "cxedge desired 1\0"sv;
        case Purpose::command:
            return "cxedge command 1\0"sv;
        case Purpose::enrolment:
            break;
    }
    return "cxedge enrolment 1\0"sv;
}

std::string signed_text(Purpose purpose, std::string_view body) {
    return std::string(prefix_of(purpose)).append(body);
}

// A key with a pass phrase is no key: nobody is there to type it.
int never_ask(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

int nibble(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Empty unless all are lower-case hexadecimal digits, in pairs.
std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        const int high = nibble(hex[at]);
        const int low = nibble(hex[at + 1]);
        if (high < 0 || low < 0) {
            return {};
        }
        out.push_back(static_cast<char>(high * 16 + low));
    }
    return hex.size() % 2 == 0 ? out : std::string();
}

}  // namespace

std::string sha256(std::string_view bytes) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), raw(out), &size, EVP_sha256(), nullptr);
    out.resize(size);
    return out;
}

// ---- public ----

Result<PublicKey> PublicKey::parse(std::string_view text) {
    const bool named = text.substr(0, kKeyPrefix.size()) == kKeyPrefix;
    const std::string bytes = named ? from_hex(text.substr(kKeyPrefix.size())) : std::string();
    if (bytes.size() != kKeyBytes) {
        return invalid_argument(fmt::format("\"{}\" is not \"ed25519:\" and 64 digits 0-9a-f", text)
        );
    }
    return from_bytes(bytes);
}

Result<PublicKey> PublicKey::from_bytes(std::string_view bytes) {
    PublicKey key;
    if (bytes.size() != key.bytes_.size()) {
        return invalid_argument(fmt::format("a public key has 32 bytes, not {}", bytes.size()));
    }
    std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
    return key;
}

std::string PublicKey::text() const {
    return std::string(kKeyPrefix) + to_hex(bytes());
}

std::string PublicKey::id() const {
    return sha256(bytes()).substr(0, wire::kKeyIdBytes);
}

bool PublicKey::verify(Purpose purpose, std::string_view body, std::string_view signature) const {
    const PkeyPtr key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(bytes()), bytes_.size())
    );
    const DigestPtr digest(EVP_MD_CTX_new());
    if (key == nullptr || digest == nullptr || signature.size() != wire::kSignatureBytes ||
        EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
        return false;
    }
    const std::string text = signed_text(purpose, body);
    return EVP_DigestVerify(
               digest.get(),
               raw(signature),
               signature.size(),
               raw(std::string_view(text)),
               text.size()
           ) == 1;
}

// ---- private ----

struct SigningKey::Impl {
    PkeyPtr key;
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl, const PublicKey& public_key)
    : impl_(std::move(impl)), public_key_(public_key) {}
SigningKey::SigningKey(SigningKey&& other) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&& other) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::holding(std::unique_ptr<Impl> impl) {
    std::string bytes(kKeyBytes, '\0');
    std::size_t size = bytes.size();
    if (impl->key == nullptr || EVP_PKEY_get_id(impl->key.get()) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(impl->key.get(), raw(bytes), &size) != 1) {
        return corrupt("holds no Ed25519 private key (PEM, without pass phrase)");
    }
    const Result<PublicKey> public_key = PublicKey::from_bytes(bytes);
    if (!public_key) {
        return public_key.error();
    }
    return SigningKey(std::move(impl), *public_key);
}

Result<SigningKey> SigningKey::generate() {
    auto impl = std::make_unique<Impl>();
    impl->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    return holding(std::move(impl));
}

Result<SigningKey> SigningKey::from_pem(const std::string& pem) {
    if (pem.size() > INT_MAX) {
        return corrupt("is too large for a key");
    }
    auto impl = std::make_unique<Impl>();
    const MemoryPtr bytes(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    impl->key.reset(PEM_read_bio_PrivateKey(bytes.get(), nullptr, &never_ask, nullptr));
    return holding(std::move(impl));
}

Result<std::string> SigningKey::pem() const {
    const MemoryPtr bytes(BIO_new(BIO_s_mem()));
    char* text = nullptr;
    if (bytes == nullptr || PEM_write_bio_PKCS8PrivateKey(
                                bytes.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr
                            ) != 1) {
        return unavailable("the key could not be written as PEM");
    }
    const long size = BIO_get_mem_data(bytes.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

Result<std::string> SigningKey::sign(Purpose purpose, std::string_view body) const {
    const DigestPtr digest(EVP_MD_CTX_new());
    std::string signature(wire::kSignatureBytes, '\0');
    std::size_t size = signature.size();
    const std::string text = signed_text(purpose, body);
    if (digest == nullptr ||
        EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, impl_->key.get()) != 1 ||
        EVP_DigestSign(
            digest.get(), raw(signature), &size, raw(std::string_view(text)), text.size()
        ) != 1) {
        return unavailable("the cryptographic library could not sign");
    }
    return signature;
}

}  // namespace cxedge::remote
