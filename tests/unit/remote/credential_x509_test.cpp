// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/credential_x509.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/remote/identities.hpp"

namespace cxedge::remote {

using test::content_of;
using test::no_openssl_here;

TEST_CASE("credential_x509: name, days and key", "[remote]") {
    if (no_openssl_here()) {
        return;
    }
    const test::TestCa ca;
    const auto files = ca.issue("claim-7", "DNS:claim-7");
    const auto other = ca.issue("other", "DNS:other");
    const std::string pem = content_of(files.certificate);
    const std::string key = content_of(files.key);
    const auto alone = parse_certificate(pem, pem);
    REQUIRE(alone.ok());
    CHECK(alone->subject == "claim-7");
    CHECK_FALSE(alone->fits_key);
    CHECK(alone->not_after - alone->not_before == std::chrono::hours(48));
    const auto both = parse_certificate(key + pem, key + pem);
    REQUIRE(both.ok());
    CHECK(both->fits_key);
    const auto mixed = parse_certificate(pem, content_of(other.key));
    REQUIRE(mixed.ok());
    CHECK_FALSE(mixed->fits_key);
    CHECK(certificates_of(key + pem + "\nrubbish\n") == pem);
    CHECK(private_key_of("remark\n" + pem + key) == key);
    CHECK(private_key_of(pem).empty());
}

TEST_CASE("credential_x509: what is none is said", "[remote]") {
    for (const std::string text : {"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
        const auto parsed = parse_certificate(text, text);
        REQUIRE_FALSE(parsed.ok());
        CHECK(parsed.error().code == ErrorCode::corrupt);
        CHECK_FALSE(parse_certificate_request(text).ok());
        CHECK_FALSE(sign_with_key(text, "x").ok());
        CHECK_FALSE(check_chain(text, text, test::wall_now()).ok());
    }
}

TEST_CASE("credential_x509: a certificate for a key made here is a client's", "[remote]") {
    if (no_openssl_here()) {
        return;
    }
    const test::TestCa ca;
    const Issuer issuer{content_of(ca.certificate()), content_of(ca.key())};
    REQUIRE(check_issuer(issuer).ok());
    const std::string key = make_private_key().value();
    const std::string request = make_certificate_request(key, "box-1").value();
    const auto parsed = parse_certificate_request(request);
    REQUIRE(parsed.ok());
    CHECK(parsed->common_name == "box-1");
    const WallTime now = test::wall_now();
    const auto pem = issue_certificate(issuer, request, "box-1", now, std::chrono::hours(2));
    REQUIRE(pem.ok());
    const auto certificate = parse_certificate(*pem, key);
    REQUIRE(certificate.ok());
    CHECK(certificate->fits_key);
    CHECK(certificate->subject == "box-1");
    CHECK(certificate->fingerprint == parsed->fingerprint);
    CHECK(certificate->fingerprint.size() == 64);
    CHECK(certificate->not_before < now);
    CHECK(certificate->not_after <= now + std::chrono::hours(2));
    CHECK(check_chain(*pem, issuer.certificate_pem, now).ok());
    CHECK(check_chain(*pem, *pem, now).ok());  // listed itself
    CHECK_FALSE(check_chain(*pem, issuer.certificate_pem, now + std::chrono::hours(3)).ok());
    const test::TestCa other;
    CHECK_FALSE(check_chain(*pem, content_of(other.certificate()), now).ok());
    CHECK_FALSE(check_issuer({issuer.certificate_pem, content_of(other.key())}).ok());
    CHECK_FALSE(check_issuer({*pem, key}).ok());  // not a CA's
}

TEST_CASE("credential_x509: signatures hold for exactly these bytes", "[remote]") {
    if (no_openssl_here()) {
        return;
    }
    const test::TestCa ca;
    const auto files = ca.issue("a", "DNS:a");
    const std::string pem = content_of(files.certificate);
    const std::string signature = sign_with_key(content_of(files.key), "said").value();
    CHECK(verify_with_certificate(pem, "said", signature).ok());
    CHECK_FALSE(verify_with_certificate(pem, "Said", signature).ok());
    CHECK_FALSE(verify_with_certificate(pem, "said", signature.substr(1)).ok());
    CHECK_FALSE(verify_with_certificate(pem, "said", "").ok());
    CHECK_FALSE(verify_with_certificate(content_of(ca.certificate()), "said", signature).ok());
}

TEST_CASE("credential_x509: a request changed in one place is none", "[remote]") {
    const std::string request =
        make_certificate_request(make_private_key().value(), "box-1").value();
    for (std::size_t i = 0; i < request.size(); ++i) {
        std::string changed = request;
        changed[i] = static_cast<char>(changed[i] ^ 0x01);
        INFO("byte " << i);
        CHECK_FALSE(parse_certificate_request(changed).ok());
    }
    CHECK_FALSE(parse_certificate_request(request + "x").ok());
}

}  // namespace cxedge::remote
