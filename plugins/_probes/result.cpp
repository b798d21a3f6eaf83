// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/result.hpp"

#include <cerrno>
#include <system_error>

#include <fmt/core.h>

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
        case EACCES:  // a route that prohibits it; a router that does (ICMPv6); broadcast
            return ProbeResult::no_route;
        case ECONNREFUSED:
        case ECONNRESET:
            return ProbeResult::refused;
        case EPERM:
            return ProbeResult::no_permission;
        default:
            return ProbeResult::timeout;
    }
}

ProbeResult result_of_socket(int errno_value) {
    return errno_value == EACCES ? ProbeResult::no_permission : result_of_errno(errno_value);
}

std::string words_of_errno(int errno_value) {
    switch (errno_value) {
        case ENETUNREACH:
            return "no route to it from here";
        case EADDRNOTAVAIL:
            return "no route to it from here: this box has no address that it could send from";
        case EHOSTUNREACH:
            return "it cannot be reached, a router or a route of this box says";
        case EINVAL:
            return "a blackhole route, or a link-local address without %interface";
        case EACCES:
            return "a route or a router prohibits it, or it is a broadcast address";
        case EPERM:
            return "a firewall rule of this box drops it";
        case ENODEV:
            return "there is no such network interface here";
        case ECONNREFUSED:
            return "nobody listens there";
        case ETIMEDOUT:
            return "it does not answer";
        default:
            return std::generic_category().message(errno_value);
    }
}

std::string words_of_sending(std::string_view to, int errno_value) {
    return fmt::format("this box cannot send to {}: {}", to, words_of_errno(errno_value));
}

std::string words_of_socket(int errno_value, const std::string& interface) {
    switch (errno_value) {
        case EACCES:
        case EPERM:
            return "this process may not open such a socket, or not bind it to the interface";
        case EAFNOSUPPORT:
            return "this box does not have that version of IP";
        case ENODEV:
            return "there is no interface " + interface;
        default:
            return words_of_errno(errno_value);
    }
}

}  // namespace cxedge::probes
