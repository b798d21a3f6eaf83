// SPDX-License-Identifier: Apache-2.0
// What a certificate says, for people (part of tls_session). Texts are printable. Thread: any.
#pragma once

#include <cstdint>
#include <string>

struct x509_st;  // OpenSSL's X509

namespace cxedge::probes {

// Unix time in seconds.
std::int64_t expires_at(const x509_st* certificate);
// Common names, or all of it where there is none.
std::string subject_of(const x509_st* certificate);
std::string issuer_of(const x509_st* certificate);
// RFC 2253.
std::string full_subject_of(const x509_st* certificate);

// Something wrong with a certificate.
struct TlsFault {
    bool of_age = false;  // it ran out, or is not valid yet
    std::string text;
};
// `error`: X509_V_ERR_..., of `certificate`; `host`: whose it should be.
TlsFault tls_fault(int error, const x509_st* certificate, const std::string& host);

}  // namespace cxedge::probes
