// SPDX-License-Identifier: Apache-2.0
// Ed25519 (RFC 8032) with a purpose: a signature of a configuration is never one of a command. The
// only file of this folder that knows the cryptographic library. Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::remote {

// What is signed; each has its own prefix before the body (signing.cpp), which is part of the
// format.
enum class Purpose { desired, command, enrolment };

// 32 bytes.
std::string sha256(std::string_view bytes);

class PublicKey {
public:
    // "ed25519:" and 64 hexadecimal digits, as in [remote] keys. invalid_argument: it is not that.
    static Result<PublicKey> parse(std::string_view text);
    // invalid_argument: not 32 bytes.
    static Result<PublicKey> from_bytes(std::string_view bytes);

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string bytes() const { return {bytes_.begin(), bytes_.end()}; }
    [[nodiscard]] std::string id() const;  // 8 bytes: begin of the SHA-256
    // Whether `signature` is this key's over the purpose and exactly `body`.
    [[nodiscard]] bool verify(Purpose purpose, std::string_view body, std::string_view signature)
        const;
    bool operator==(const PublicKey&) const = default;

private:
    std::array<char, 32> bytes_{};
};

class SigningKey {
public:
    static Result<SigningKey> generate();
    // PKCS #8 PEM without pass phrase. corrupt: holds no Ed25519 key.
    static Result<SigningKey> from_pem(const std::string& pem);
    SigningKey(const SigningKey&) = delete;
    SigningKey& operator=(const SigningKey&) = delete;
    SigningKey(SigningKey&& other) noexcept;
    SigningKey& operator=(SigningKey&& other) noexcept;
    ~SigningKey();

    [[nodiscard]] Result<std::string> pem() const;
    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
    // 64 bytes.
    [[nodiscard]] Result<std::string> sign(Purpose purpose, std::string_view body) const;

private:
    struct Impl;
    SigningKey(std::unique_ptr<Impl> impl, const PublicKey& public_key);
    static Result<SigningKey> holding(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
    PublicKey public_key_;
};

}  // namespace cxedge::remote
