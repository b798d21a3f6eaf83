// SPDX-License-Identifier: Apache-2.0
// URLs of the HTTP client. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/result.hpp"

namespace cxedge::devices {

// Whom a request is for: credentials belong to one of these.
struct HttpOrigin {
    std::string scheme;  // http, https
    std::string host;    // lower case, IPv6 without brackets
    std::uint16_t port = 0;
    bool numeric = false;  // the host is an address

    auto operator<=>(const HttpOrigin&) const = default;
    // "10.0.0.7", "10.0.0.7:8080", "[::1]:8080": for people.
    [[nodiscard]] std::string name() const;
};

// invalid_argument: no http(s) URL, one with a user, or a host that is neither name nor address.
Result<HttpOrigin> http_origin(const std::string& url);
// What `location` of a redirect means at `base`; invalid_argument: nothing.
Result<std::string> redirected(const std::string& base, const std::string& location);

}  // namespace cxedge::devices
