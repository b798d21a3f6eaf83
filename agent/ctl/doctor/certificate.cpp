// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/certificate.hpp"

#include <ctime>
#include <memory>

#include <fmt/core.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "agent/ctl/files.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxPemBytes = 256UL * 1024UL;
// Time for a van, if it comes to that.
constexpr auto kSoon = std::chrono::hours(30 * 24);

constexpr Check kCertificate{"certificate"};

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;

// A key with a pass phrase is no key: nobody is there to type it.
int refuse_to_ask(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

BioPtr bytes_of(const std::string& text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string subject_of(const X509* certificate) {
    X509_NAME* name = X509_get_subject_name(certificate);
    std::string text(256, '\0');
    int size =
        X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), static_cast<int>(text.size()));
    if (size < 0) {
        X509_NAME_oneline(name, text.data(), static_cast<int>(text.size()));
        size = static_cast<int>(text.find('\0'));
    }
    text.resize(static_cast<std::size_t>(size));
    return text;
}

Result<WallTime> asn1_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return corrupt("has a time that cannot be read");
    }
    return from_unix_ms(std::int64_t{::timegm(&parts)} * 1000);
}

std::string day_of(WallTime time) {
    return iso8601(time).substr(0, 10);
}

Result<Certificate> read_both(const CertificatePlace& place) {
    const auto pem = read_file(place.file, kMaxPemBytes);
    if (!pem) {
        return pem.error();
    }
    const auto key = place.key_file.empty() ? pem : read_file(place.key_file, kMaxPemBytes);
    if (!key) {
        return key.error();
    }
    auto read = parse_certificate(*pem, *key);
    return read ? std::move(read) : Result<Certificate>(read.error().during(place.file));
}

}  // namespace

Result<Certificate> parse_certificate(const std::string& pem, const std::string& key_pem) {
    const BioPtr certificate_bytes = bytes_of(pem);
    const X509Ptr certificate(
        PEM_read_bio_X509(certificate_bytes.get(), nullptr, &refuse_to_ask, nullptr)
    );
    if (certificate == nullptr) {
        return corrupt("holds no certificate in PEM form");
    }
    const auto begin = asn1_time(X509_get0_notBefore(certificate.get()));
    const auto end = asn1_time(X509_get0_notAfter(certificate.get()));
    if (!begin || !end) {
        return begin ? end.error() : begin.error();
    }
    const BioPtr key_bytes = bytes_of(key_pem);
    const KeyPtr key(PEM_read_bio_PrivateKey(key_bytes.get(), nullptr, &refuse_to_ask, nullptr));
    const bool fits = key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
    return Certificate{subject_of(certificate.get()), *begin, *end, fits};
}

Finding check_certificate(const CertificatePlace& place, WallTime now) {
    const auto read = read_both(place);
    const std::string where = place.setting + " " + place.file;
    if (!read) {
        return kCertificate.problem(
            place.setting + ": " + read.error().message,
            "put a certificate in PEM form there, or mend the setting"
        );
    }
    if (now > read->not_after || now < read->not_before) {
        return kCertificate.problem(
            fmt::format(
                "{}: is valid from {} to {} only",
                where,
                day_of(read->not_before),
                day_of(read->not_after)
            ),
            "get a new one; if these days look right, set this box's clock"
        );
    }
    if (!read->fits_key && place.key_needed) {
        return kCertificate.problem(
            where + ": the key with it is missing or another's",
            "put the private key, in PEM form and without pass phrase, into " +
                (place.key_file.empty() ? place.file : place.key_file)
        );
    }
    const std::string facts =
        fmt::format("{}: {}, valid until {}", where, read->subject, day_of(read->not_after));
    return read->not_after - now < kSoon ? kCertificate.note(facts, "get a new one in time")
                                         : kCertificate.ok(facts);
}

}  // namespace cxedge::ctl
