// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/clock.hpp"
#include "agent/ctl/doctor/finding.hpp"

namespace cxedge::ctl {

// Two files, or one that holds both.
struct CertificatePlace {
    std::string setting;  // for people: "node.claim_file"
    std::string file;
    std::string key_file;  // empty: with the certificate
    bool key_needed = true;
};
Finding check_certificate(const CertificatePlace& place, WallTime now);

}  // namespace cxedge::ctl
