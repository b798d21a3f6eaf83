// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_request.hpp"

#include <charconv>
#include <cstring>
#include <utility>

#include <microhttpd.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

MHD_Result add_header(void* request, MHD_ValueKind kind, const char* key, const char* value) {
    static_cast<void>(kind);
    static_cast<HttpRequest*>(request)->headers.emplace_back(
        lower(key), value == nullptr ? "" : value
    );
    return MHD_YES;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

std::string media_type(std::string_view content_type) {
    return lower(trimmed(content_type.substr(0, content_type.find(';'))));
}

HttpRequest request_head(MHD_Connection* connection, std::string method, std::string peer) {
    HttpRequest request;
    request.method = std::move(method);
    request.peer = std::move(peer);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &request);
    request.content_type = media_type(request.header("content-type"));
    return request;
}

std::optional<std::uint64_t> declared_length(const HttpRequest& request) {
    const std::string_view text = trimmed(request.header("content-length"));
    std::uint64_t length = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, length);
    return !text.empty() && read.ec == std::errc{} && read.ptr == end ? std::optional(length)
                                                                      : std::nullopt;
}

bool send_answer(MHD_Connection* connection, const HttpAnswer& answer) {
    std::string body = answer.body.empty() ? std::string() : answer.body + "\n";
    MHD_Response* const response =
        MHD_create_response_from_buffer(body.size(), body.data(), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) {
        return false;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    for (const auto& [name, value] : answer.headers) {
        MHD_add_response_header(response, name.c_str(), value.c_str());
    }
    const MHD_Result queued =
        MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
    MHD_destroy_response(response);
    return queued == MHD_YES;
}

}  // namespace cxedge::devices
