// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/result.hpp"

#include <cerrno>

namespace cxedge::probes {

const std::vector<std::string>& result_words() {
    static const std::vector<std::string> kWords{
        "ok",
        "dns_error",
        "no_route",
        "refused",
        "timeout",
        "tls_error",
        "cert_expired",
        "bad_status",
        "body_mismatch",
        "capped",
        "suppressed",
        "no_permission"};
    return kWords;
}

std::string_view to_string(ProbeResult result) {
    return result_words()[static_cast<std::size_t>(result)];
}

ProbeResult result_of_errno(int errno_value) {
    switch (errno_value) {
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case EHOSTDOWN:
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case ENODEV:
        case ENONET:
        case EINVAL:  // a route to nowhere (blackhole)
            return ProbeResult::no_route;
        case ECONNREFUSED:
        case ECONNRESET:
            return ProbeResult::refused;
        case EACCES:
        case EPERM:
            return ProbeResult::no_permission;
        default:
            return ProbeResult::timeout;
    }
}

}  // namespace cxedge::probes
