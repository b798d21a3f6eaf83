// SPDX-License-Identifier: Apache-2.0
// Who may push: a bearer token (RFC 6750) or a user with a password (RFC 7617). Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.hpp"

#include "plugins/_devices/http_listener.hpp"

namespace cxedge::devices {

// The whole file. unavailable: it cannot be read; invalid_argument: larger than 1 MiB.
Result<std::string> read_whole_file(const std::string& path);

class HttpCredentials {
public:
    // Reads token_file and password_file; their errors.
    static Result<HttpCredentials> read(const HttpListenerSettings& settings);

    [[nodiscard]] bool needed() const { return !bearer_.empty() || !basic_.empty(); }
    // Takes as long for a wrong one as for the right one.
    [[nodiscard]] bool allow(std::string_view authorization) const;
    // For WWW-Authenticate.
    [[nodiscard]] std::string challenge() const;

private:
    std::string bearer_;
    std::string basic_;  // base64 of user:password, as it travels
};

}  // namespace cxedge::devices
