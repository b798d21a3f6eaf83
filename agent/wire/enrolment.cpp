// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/enrolment.hpp"

#include <fmt/core.h>

#include "agent/wire/fields.hpp"
#include "agent/wire/text.hpp"

#include "enrol.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::size_t kMaxSerialBytes = 128;
constexpr std::string_view kProofPrefix{"cxedge enrol v1\0", 16};

void append_counted(std::string& out, std::string_view bytes) {
    append_varint(out, bytes.size());
    out.append(bytes);
}

Status check_enrol_nonce(std::string_view nonce) {
    return nonce.size() == kEnrolNonceBytes
               ? Status()
               : Status(corrupt(fmt::format("the nonce has {} bytes", nonce.size())));
}

}  // namespace

std::string enrol_proof_bytes(const EnrolName& name, const EnrolRequest& request) {
    std::string bytes(kProofPrefix);
    for (const std::string* part :
         {&name.tenant, &name.site, &name.node, &request.nonce, &request.serial, &request.csr}) {
        append_counted(bytes, *part);
    }
    return bytes;
}

std::string encode_enrol_request(const EnrolRequest& request) {
    cx::v1::EnrolRequest out;
    out.set_nonce(request.nonce);
    out.set_serial(clean_utf8(request.serial, kMaxSerialBytes));
    out.set_csr(request.csr);
    out.set_proof_certificate(clean_utf8(request.proof_certificate));
    out.set_proof(request.proof);
    return out.SerializeAsString();
}

std::string encode_enrol_response(const EnrolResponse& response) {
    cx::v1::EnrolResponse out;
    out.set_nonce(response.nonce);
    out.set_refused(clean_utf8(response.refused));
    out.set_certificate(clean_utf8(response.certificate));
    out.set_desired(response.desired);
    return out.SerializeAsString();
}

Result<EnrolRequest> decode_enrol_request(std::string_view payload) {
    cx::v1::EnrolRequest in;
    if (payload.size() > kMaxEnrolRequestBytes ||
        !in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("{} bytes are not an EnrolRequest", payload.size()));
    }
    if (const Status nonce = check_enrol_nonce(in.nonce()); !nonce) {
        return nonce.error();
    }
    if (in.serial().size() > kMaxSerialBytes) {
        return corrupt(fmt::format("the serial has {} bytes", in.serial().size()));
    }
    return EnrolRequest{in.nonce(), in.serial(), in.csr(), in.proof_certificate(), in.proof()};
}

Result<EnrolResponse> decode_enrol_response(std::string_view payload) {
    cx::v1::EnrolResponse in;
    if (payload.size() > kMaxEnrolResponseBytes ||
        !in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("{} bytes are not an EnrolResponse", payload.size()));
    }
    if (const Status nonce = check_enrol_nonce(in.nonce()); !nonce) {
        return nonce.error();
    }
    if (in.refused().empty() && in.certificate().empty()) {
        return corrupt("neither a certificate nor a reason why not");
    }
    return EnrolResponse{in.nonce(), in.refused(), in.certificate(), in.desired()};
}

}  // namespace cxedge::wire
