// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/ctl/doctor/finding.hpp"

namespace cxedge::ctl {

// X.509, RFC 5280.
struct Certificate {
    std::string subject;  // common name, or the whole name where there is none
    WallTime not_before;
    WallTime not_after;
    bool fits_key = false;  // the key that came with it is its own
};
// The first certificate of `pem`; `key_pem` may be the same text. corrupt: holds none that can be
// read.
Result<Certificate> parse_certificate(const std::string& pem, const std::string& key_pem);

// Two files, or one that holds both.
struct CertificatePlace {
    std::string setting;  // for people: "node.claim_file"
    std::string file;
    std::string key_file;  // empty: with the certificate
    bool key_needed = true;
};
Finding check_certificate(const CertificatePlace& place, WallTime now);

}  // namespace cxedge::ctl
