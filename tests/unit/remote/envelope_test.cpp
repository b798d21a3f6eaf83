// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/envelope.hpp"

#include "agent/base/ids.hpp"
#include "agent/wire/envelope.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::remote {
namespace {

SigningKey new_key() {
    Result<SigningKey> key = SigningKey::generate();
    REQUIRE(key);
    return std::move(*key);
}

std::string sealed(const std::string& body, const std::vector<const SigningKey*>& keys) {
    const Result<std::string> out = seal_envelope(Purpose::desired, body, keys);
    REQUIRE(out);
    return *out;
}

struct Two {
    SigningKey first = new_key();
    SigningKey second = new_key();
    std::vector<PublicKey> pinned{first.public_key(), second.public_key()};
};

TEST_CASE("envelope: a pinned key's signature opens it", "[remote]") {
    const Two keys;
    const std::string body("a body\0with a zero", 18);
    const auto opened = open_envelope(Purpose::desired, sealed(body, {&keys.second}), keys.pinned);
    REQUIRE(opened);
    CHECK(opened->body == body);
    CHECK(opened->signers == std::vector{keys.second.public_key()});
}

TEST_CASE("envelope: both keys can sign one", "[remote]") {
    const Two keys;
    const auto payload = sealed("x", {&keys.first, &keys.second});
    const auto opened = open_envelope(Purpose::desired, payload, keys.pinned);
    REQUIRE(opened);
    CHECK(opened->signers == keys.pinned);
    // A box that knows only one of them yet.
    const auto half = open_envelope(Purpose::desired, payload, {keys.second.public_key()});
    REQUIRE(half);
    CHECK(half->signers.size() == 1);
}

TEST_CASE("envelope: the same key twice is one signer", "[remote]") {
    const Two keys;
    const auto opened =
        open_envelope(Purpose::desired, sealed("x", {&keys.first, &keys.first}), keys.pinned);
    REQUIRE(opened);
    CHECK(opened->signers.size() == 1);
}

TEST_CASE("envelope: every changed bit is noticed", "[remote]") {
    const Two keys;
    const std::string payload = sealed("spool.max_mib = 8", {&keys.first});
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        std::string forged = payload;
        forged[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(forged[bit / 8]) ^ (1U << (bit % 8)));
        const auto opened = open_envelope(Purpose::desired, forged, keys.pinned);
        INFO("bit " << bit);
        CHECK_FALSE(opened);
    }
}

TEST_CASE("envelope: every truncation is noticed", "[remote]") {
    const Two keys;
    const std::string payload = sealed("spool.max_mib = 8", {&keys.first});
    for (std::size_t size = 0; size < payload.size(); ++size) {
        INFO(size);
        CHECK_FALSE(open_envelope(Purpose::desired, payload.substr(0, size), keys.pinned));
    }
}

TEST_CASE("envelope: a signature for another purpose does not hold", "[remote]") {
    const Two keys;
    const std::string payload = sealed("x", {&keys.first});
    CHECK(open_envelope(Purpose::desired, payload, keys.pinned));
    CHECK_FALSE(open_envelope(Purpose::command, payload, keys.pinned));
    CHECK_FALSE(open_envelope(Purpose::enrolment, payload, keys.pinned));
}

TEST_CASE("envelope: a stranger's signature opens nothing and is named", "[remote]") {
    const Two keys;
    const SigningKey stranger = new_key();
    const auto opened = open_envelope(Purpose::desired, sealed("x", {&stranger}), keys.pinned);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::invalid_argument);
    CHECK(opened.error().message.find(to_hex(stranger.public_key().id())) != std::string::npos);
}

TEST_CASE("envelope: one false signature spoils a good one", "[remote]") {
    const Two keys;
    auto envelope = wire::decode_envelope(sealed("x", {&keys.first, &keys.second}));
    REQUIRE(envelope);
    envelope->signatures[1].bytes[5] = static_cast<char>(envelope->signatures[1].bytes[5] + 1);
    CHECK_FALSE(open_envelope(Purpose::desired, wire::encode_envelope(*envelope), keys.pinned));
}

TEST_CASE("envelope: without pinned keys nobody is followed", "[remote]") {
    const Two keys;
    const auto opened = open_envelope(Purpose::desired, sealed("x", {&keys.first}), {});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.find("[remote] keys") != std::string::npos);
}

TEST_CASE("envelope: signatures have 64 bytes, and there are one or two", "[remote]") {
    const Two keys;
    auto envelope = wire::decode_envelope(sealed("x", {&keys.first}));
    REQUIRE(envelope);
    const auto opens = [&](const wire::Envelope& changed) {
        return open_envelope(Purpose::desired, wire::encode_envelope(changed), keys.pinned).ok();
    };
    CHECK(opens(*envelope));
    wire::Envelope longer = *envelope;
    longer.signatures[0].bytes.push_back('\0');
    CHECK_FALSE(opens(longer));
    wire::Envelope shorter = *envelope;
    shorter.signatures[0].bytes.pop_back();
    CHECK_FALSE(opens(shorter));
    wire::Envelope three = *envelope;
    three.signatures.resize(3, envelope->signatures[0]);
    CHECK_FALSE(opens(three));
    wire::Envelope none = *envelope;
    none.signatures.clear();
    CHECK_FALSE(opens(none));
}

TEST_CASE("envelope: more than 256 KiB are refused unread", "[remote]") {
    const Two keys;
    const auto opened =
        open_envelope(Purpose::desired, std::string(wire::kMaxEnvelopeBytes + 1, 'x'), keys.pinned);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::exhausted);
    CHECK_FALSE(
        seal_envelope(Purpose::desired, std::string(wire::kMaxEnvelopeBytes, 'x'), {&keys.first})
    );
}

TEST_CASE("signing: a key survives its PEM form", "[remote]") {
    const SigningKey key = new_key();
    const auto pem = key.pem();
    REQUIRE(pem);
    const auto again = SigningKey::from_pem(*pem);
    REQUIRE(again);
    CHECK(again->public_key() == key.public_key());
    CHECK_FALSE(SigningKey::from_pem("nothing"));
    CHECK_FALSE(SigningKey::from_pem(pem->substr(0, pem->size() / 2)));
}

TEST_CASE("signing: a public key has one text form", "[remote]") {
    const PublicKey key = new_key().public_key();
    const auto again = PublicKey::parse(key.text());
    REQUIRE(again);
    CHECK(*again == key);
    const std::string text = key.text();
    for (const std::string& wrong :
         {std::string(),
          std::string("ed25519:"),
          text + "00",
          text.substr(1),
          text.substr(0, 71) + "g",
          text.substr(0, 71)}) {
        INFO(wrong);
        CHECK_FALSE(PublicKey::parse(wrong));
    }
}

// RFC 8032, section 7.1, TEST 1: the library's Ed25519 is the standard's. Our prefix stands before
// the body, so the key is the RFC's and the signature cannot be; the public key can.
TEST_CASE("signing: key of RFC 8032 TEST 1", "[remote]") {
    const std::string pem =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n";
    const auto key = SigningKey::from_pem(pem);
    REQUIRE(key);
    CHECK(
        key->public_key().text() ==
        "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    );
}

TEST_CASE("signing: sha256 of FIPS 180-4", "[remote]") {
    CHECK(
        to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

}  // namespace
}  // namespace cxedge::remote
