// SPDX-License-Identifier: Apache-2.0
// From libmicrohttpd's words to ours, and back. Thread: the loop's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/_devices/http_listener.hpp"

struct MHD_Connection;

namespace cxedge::devices {

// "application/json; charset=utf-8" -> "application/json"
std::string media_type(std::string_view content_type);

// Everything but path and body.
HttpRequest request_head(MHD_Connection* connection, std::string method, std::string peer);
// As Content-Length declares it; empty: chunked, or none.
std::optional<std::uint64_t> declared_length(const HttpRequest& request);
// False: the connection is past answering.
bool send_answer(MHD_Connection* connection, const HttpAnswer& answer);

}  // namespace cxedge::devices
