// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/tls_session_certificate.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include <fmt/core.h>
#include <openssl/x509v3.h>

#include "agent/base/clock.hpp"
#include "agent/base/printable.hpp"

namespace cxedge::probes {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

std::int64_t unix_time(const ASN1_TIME* time) {
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? std::int64_t{::timegm(&parts)} : 0;
}

std::string day_of(const ASN1_TIME* time) {
    return iso8601(from_unix_ms(unix_time(time) * 1000));
}

std::string printed(const X509_NAME* name) {
    const Bio text(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(text.get(), &bytes);
    return size > 0 ? printable({bytes, static_cast<std::size_t>(size)}) : std::string();
}

// The common name, or all of it where there is none.
std::string short_name(const X509_NAME* name) {
    std::array<char, 256> text{};
    const int size = X509_NAME_get_text_by_NID(
        const_cast<X509_NAME*>(name),  // NOLINT(cppcoreguidelines-pro-type-const-cast): OpenSSL 3.0
        NID_commonName,
        text.data(),
        static_cast<int>(text.size())
    );
    return size > 0 ? printable({text.data(), static_cast<std::size_t>(size)}) : printed(name);
}

std::string text_of_name(const GENERAL_NAME* name) {
    if (name->type != GEN_DNS) {
        return {};
    }
    const void* const bytes = ASN1_STRING_get0_data(name->d.dNSName);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
    return printable({static_cast<const char*>(bytes), size});
}

// Some of the names that it is for.
std::string names_of(const X509* certificate) {
    constexpr int kMostNames = 3;
    const Names names(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)
        ),
        GENERAL_NAMES_free
    );
    std::string all;
    for (int i = 0; i < std::min(sk_GENERAL_NAME_num(names.get()), kMostNames); ++i) {
        const std::string one = text_of_name(sk_GENERAL_NAME_value(names.get(), i));
        all += (all.empty() || one.empty() ? "" : ", ") + one;
    }
    return all.empty() ? subject_of(certificate) : all;
}

}  // namespace

std::int64_t expires_at(const x509_st* certificate) {
    return unix_time(X509_get0_notAfter(certificate));
}

std::string full_subject_of(const x509_st* certificate) {
    return printed(X509_get_subject_name(certificate));
}

std::string subject_of(const x509_st* certificate) {
    return short_name(X509_get_subject_name(certificate));
}

std::string issuer_of(const x509_st* certificate) {
    return short_name(X509_get_issuer_name(certificate));
}

TlsFault tls_fault(int error, const x509_st* certificate, const std::string& host) {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return {
                true,
                fmt::format(
                    "the certificate of {} ran out at {}",
                    subject_of(certificate),
                    day_of(X509_get0_notAfter(certificate))
                )};
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {
                true,
                fmt::format(
                    "the certificate of {} is valid from {} only; is the box's clock right?",
                    subject_of(certificate),
                    day_of(X509_get0_notBefore(certificate))
                )};
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {
                false,
                fmt::format("the certificate is for {}, not for {}", names_of(certificate), host)};
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return {false, "the certificate is self-signed, and not trusted here (ca_file)"};
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return {
                false,
                fmt::format(
                    "the issuer {} is not trusted here (ca_file)", subject_of(certificate)
                )};
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
            return {
                false,
                fmt::format(
                    "the issuer {} is unknown here (ca_file), or the server does not send all of "
                    "its chain",
                    issuer_of(certificate)
                )};
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return {
                false,
                fmt::format(
                    "the signature of {} is not that of the issuer known here under this name",
                    subject_of(certificate)
                )};
        default:
            return {false, X509_verify_cert_error_string(error)};
    }
}

}  // namespace cxedge::probes
