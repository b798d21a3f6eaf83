// SPDX-License-Identifier: Apache-2.0
// A box that asks for certificates, and what it is asked for; for tests.
#pragma once

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/remote/credential_x509.hpp"
#include "agent/remote/enrol_desk.hpp"
#include "agent/wire/enrolment.hpp"

#include "tests/support/test_ca.hpp"

namespace cxedge::test {

inline bool no_openssl_here() {
    if (TestCa::available()) {
        return false;
    }
    std::cout << "skipped: openssl is not installed\n";
    return true;
}

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline WallTime wall_now() {
    return SystemClock().wall_now();
}

inline const wire::EnrolName kBoxName{"acme", "store-1", "box-1"};

// Signed by `proof_pem`, which holds a certificate and its key.
inline wire::EnrolRequest enrol_request(
    const wire::EnrolName& name, const std::string& key_pem, const std::string& proof_pem
) {
    wire::EnrolRequest request;
    request.nonce = "0123456789abcdef";
    request.serial = "SN-1";
    request.csr = remote::make_certificate_request(key_pem, name.node).value();
    request.proof_certificate = remote::certificates_of(proof_pem);
    request.proof =
        remote::sign_with_key(proof_pem, wire::enrol_proof_bytes(name, request)).value();
    return request;
}

}  // namespace cxedge::test
