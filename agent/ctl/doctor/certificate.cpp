// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/certificate.hpp"

#include <fmt/core.h>

#include "agent/ctl/files.hpp"
#include "agent/remote/credential_x509.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxPemBytes = 256UL * 1024UL;
constexpr Check kCertificate{"certificate"};

std::string day_of(WallTime time) {
    return iso8601(time).substr(0, 10);
}

Result<remote::Certificate> read_both(const CertificatePlace& place) {
    const auto pem = read_file(place.file, kMaxPemBytes);
    if (!pem) {
        return pem.error();
    }
    const auto key = place.key_file.empty() ? pem : read_file(place.key_file, kMaxPemBytes);
    if (!key) {
        return key.error();
    }
    auto read = remote::parse_certificate(*pem, *key);
    return read ? std::move(read) : Result<remote::Certificate>(read.error().during(place.file));
}

}  // namespace

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
    return read->not_after - now < remote::kExpirySoon
               ? kCertificate.note(facts, "get a new one in time")
               : kCertificate.ok(facts);
}

}  // namespace cxedge::ctl
