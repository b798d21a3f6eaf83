// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_request.hpp"

#include <charconv>
#include <cstring>
#include <utility>

#include <microhttpd.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kEscapeLength = 3;  // "%2F"

std::optional<char> escaped(std::string_view text) {
    if (text.size() < kEscapeLength) {
        return std::nullopt;
    }
    unsigned byte = 0;
    const char* const end = text.data() + kEscapeLength;
    const auto read = std::from_chars(text.data() + 1, end, byte, 16);
    return read.ptr == end ? std::optional(static_cast<char>(byte)) : std::nullopt;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == 0x7F;
}

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

std::optional<std::string> decoded_path(std::string_view raw) {
    std::string path;
    for (std::size_t at = 0; at < raw.size(); ++at) {
        std::optional<char> c = raw[at];
        if (raw[at] == '%') {
            c = escaped(raw.substr(at));
            at += kEscapeLength - 1;
        }
        if (!c || is_control(*c)) {
            return std::nullopt;
        }
        path += *c;
    }
    return !path.empty() && path.front() == '/' ? std::optional(std::move(path)) : std::nullopt;
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
