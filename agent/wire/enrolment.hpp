// SPDX-License-Identifier: Apache-2.0
// What a box and the enroller say to each other on enrol/req and enrol/rsp. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::wire {

inline constexpr std::size_t kEnrolNonceBytes = 16;
// A request holds a certificate and a PKCS#10; a chain of three RSA-4096 is under 8 KiB.
inline constexpr std::size_t kMaxEnrolRequestBytes = 64U << 10U;
// A response also holds an envelope of at most 256 KiB.
inline constexpr std::size_t kMaxEnrolResponseBytes = 320U << 10U;

struct EnrolRequest {
    std::string nonce;              // kEnrolNonceBytes
    std::string serial;             // of the box
    std::string csr;                // DER
    std::string proof_certificate;  // PEM
    std::string proof;              // signature over enrol_proof_bytes()
    bool operator==(const EnrolRequest&) const = default;
};

struct EnrolResponse {
    std::string nonce;
    std::string refused;      // why not; empty: `certificate` is there
    std::string certificate;  // PEM
    std::string desired;      // envelope with the first configuration; empty: none
    bool operator==(const EnrolResponse&) const = default;
};

// Whom a request is for: the levels of its topic.
struct EnrolName {
    std::string tenant;
    std::string site;
    std::string node;
    bool operator==(const EnrolName&) const = default;
};

// What is signed as the proof: all that a request says, and for which node.
std::string enrol_proof_bytes(const EnrolName& name, const EnrolRequest& request);

std::string encode_enrol_request(const EnrolRequest& request);
std::string encode_enrol_response(const EnrolResponse& response);
// corrupt: says why.
Result<EnrolRequest> decode_enrol_request(std::string_view payload);
Result<EnrolResponse> decode_enrol_response(std::string_view payload);

}  // namespace cxedge::wire
