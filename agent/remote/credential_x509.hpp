// SPDX-License-Identifier: Apache-2.0
// Keys, requests and certificates of boxes: X.509 (RFC 5280), PKCS#10 (RFC 2986), PEM (RFC 7468).
// Keys are EC P-256: every MQTT broker's TLS takes them, which cannot be said of Ed25519
// (decision 0014). The only file of the agent that knows OpenSSL's certificates. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::remote {

// Before its end: a person must have time to notice that renewing fails, and a van to come.
inline constexpr std::chrono::hours kExpirySoon{21 * 24};

struct Certificate {
    std::string subject;  // common name, or the whole name where there is none
    WallTime not_before;
    WallTime not_after;
    bool fits_key = false;    // the key that came with it is its own
    std::string fingerprint;  // of its public key: SHA-256 in hex
};
// The first certificate of `pem`; `key_pem` may be the same text. corrupt: holds none that can be
// read.
Result<Certificate> parse_certificate(const std::string& pem, const std::string& key_pem);

// A new private key, PEM (PKCS#8, no pass phrase).
Result<std::string> make_private_key();
// PKCS#10 in DER. corrupt: the key cannot be read.
Result<std::string> make_certificate_request(
    const std::string& key_pem, const std::string& common_name
);

struct CertificateRequest {
    std::string common_name;
    std::string fingerprint;  // of its public key, as above
};
// corrupt: not a request, not signed by its own key, or a key too weak to be certified.
Result<CertificateRequest> parse_certificate_request(std::string_view der);

// By the first private key of `key_pem`, with SHA-256.
Result<std::string> sign_with_key(const std::string& key_pem, std::string_view bytes);
// By the key of the first certificate of `certificate_pem`. corrupt: it is not.
Status verify_with_certificate(
    const std::string& certificate_pem, std::string_view bytes, std::string_view signature
);

// Whether the first certificate of `pem` is one of `anchors_pem`, or was issued by one, and is
// valid at `now`. invalid_argument: `anchors_pem` holds none; corrupt: says why not.
Status check_chain(const std::string& pem, const std::string& anchors_pem, WallTime now);

struct Issuer {
    std::string certificate_pem;
    std::string key_pem;
};
// corrupt: the two cannot be read or do not fit; invalid_argument: is no CA.
Status check_issuer(const Issuer& issuer);
// A client certificate for the key of `request_der`, PEM. Its name is `common_name`, whatever the
// request says. It is valid from a little earlier, for boxes whose clocks are behind.
Result<std::string> issue_certificate(
    const Issuer& issuer,
    std::string_view request_der,
    const std::string& common_name,
    WallTime now,
    std::chrono::seconds lifetime
);

// The certificates of `text`, as PEM, without keys and remarks.
std::string certificates_of(const std::string& text);
// Its first private key likewise; empty: none.
std::string private_key_of(const std::string& text);

}  // namespace cxedge::remote
