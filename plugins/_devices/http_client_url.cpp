// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string_view>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/core.h>

#include "agent/base/freed.hpp"
#include "agent/base/printable.hpp"

#include "plugins/_devices/http_client.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kLongestHost = 253;

using Url = std::unique_ptr<CURLU, Freed<&::curl_url_cleanup>>;

std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (::curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) {
        return {};
    }
    const std::unique_ptr<char, Freed<&::curl_free>> owned(text);
    return text;
}

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    const std::string without_zone = host.substr(0, host.find('%'));
    return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, without_zone.c_str(), address.data()) == 1;
}

// What libcurl and the resolver take for the same name: no trailing dot, nothing beyond ASCII.
bool is_name(std::string_view host) {
    return !host.empty() && host.size() <= kLongestHost && host.back() != '.' &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                      c == '_';
           });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

bool is_header_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(), is_control);
}

}  // namespace

std::string HttpOrigin::name() const {
    const bool usual = port == (scheme == "https" ? kHttpsPort : kHttpPort);
    const bool v6 = host.find(':') != std::string::npos;
    const std::string shown = v6 ? "[" + host + "]" : host;
    return usual ? shown : fmt::format("{}:{}", shown, port);
}

Result<HttpOrigin> http_origin(const std::string& url) {
    const Url parsed(::curl_url());
    if (!parsed || ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) !=
                       CURLUE_OK) {
        return invalid_argument("is not an address like http://10.0.0.7/path without a user");
    }
    HttpOrigin origin;
    origin.scheme = lower(part_of(parsed, CURLUPART_SCHEME));
    origin.host = lower(part_of(parsed, CURLUPART_HOST));
    const std::string port = part_of(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    std::from_chars(port.data(), port.data() + port.size(), origin.port);
    if (origin.host.starts_with('[') && origin.host.ends_with(']')) {
        origin.host = origin.host.substr(1, origin.host.size() - 2);
    }
    if (origin.scheme != "http" && origin.scheme != "https") {
        return invalid_argument("must begin with http:// or https://");
    }
    origin.numeric = is_address(origin.host);
    if (origin.port == 0 || (!origin.numeric && !is_name(origin.host))) {
        return invalid_argument("has no host that can be asked");
    }
    return origin;
}

Result<std::string> redirected(const std::string& base, const std::string& location) {
    const Url url(::curl_url());
    if (!url || ::curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
        ::curl_url_set(
            url.get(), CURLUPART_URL, location.c_str(), CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE
        ) != CURLUE_OK) {
        return invalid_argument("redirects to nowhere");
    }
    return part_of(url, CURLUPART_URL);
}

std::string check_http_url(const std::string& url) {
    const Result<HttpOrigin> origin = http_origin(url);
    return origin ? std::string() : origin.error().message;
}

std::string http_host_of(const std::string& url) {
    const Result<HttpOrigin> origin = http_origin(url);
    return origin ? origin->name() : std::string();
}

std::string check_http_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
    for (const auto& [name, value] : headers) {
        if (!is_token(name) || !is_header_value(value)) {
            return "names are letters, digits and -, values one line";
        }
        const std::string low = lower(name);
        if (low == "content-length" || low == "transfer-encoding" || low == "connection") {
            return "Content-Length, Transfer-Encoding and Connection are the agent's";
        }
    }
    return {};
}

std::string bare_content_type(std::string_view content_type) {
    return lower(trimmed(content_type.substr(0, content_type.find(';'))));
}

}  // namespace cxedge::devices
