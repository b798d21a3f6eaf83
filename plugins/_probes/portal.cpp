// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/portal.hpp"

#include <optional>

#include <fmt/core.h>

#include "plugins/_devices/http_client.hpp"
#include "plugins/_devices/http_client_url.hpp"

namespace cxedge::probes {
namespace {

using devices::HttpOrigin;

std::optional<HttpOrigin> origin_of(const std::string& url) {
    const auto origin = devices::http_origin(url);
    return origin ? std::optional(*origin) : std::nullopt;
}

// Who answered, or where a redirect leads that was not followed.
std::optional<HttpOrigin> answering(const FetchReply& reply) {
    if (reply.location.empty()) {
        return origin_of(reply.url);
    }
    const auto url = devices::redirected(reply.url, reply.location);
    return url ? origin_of(*url) : std::nullopt;
}

std::string site_of(const HttpOrigin& origin) {
    const std::size_t last = origin.host.rfind('.');
    if (origin.numeric || last == std::string::npos || last == 0) {
        return origin.host;
    }
    const std::size_t before = origin.host.rfind('.', last - 1);
    return before == std::string::npos ? origin.host : origin.host.substr(before + 1);
}

// Sites lead to other hosts, too, and those fail; a log-in page is not told as an error, but by 511
// (RFC 6585 section 6).
bool failed_elsewhere(const FetchReply& reply) {
    constexpr long kFirstError = 400;
    constexpr long kLogInFirst = 511;
    return reply.redirects > 0 && reply.status >= kFirstError && reply.status != kLogInFirst;
}

}  // namespace

bool from_other_site(const std::string& url, const FetchReply& reply) {
    const auto asked = origin_of(url);
    const auto there = answering(reply);
    return asked && there && site_of(*asked) != site_of(*there);
}

bool is_page(const FetchReply& reply) {
    return devices::bare_content_type(reply.content_type) == "text/html";
}

std::string portal_hint(const std::string& url, const FetchReply& reply, bool form) {
    if (failed_elsewhere(reply)) {
        return "";
    }
    const auto asked = origin_of(url);
    const auto there = answering(reply);
    if (asked && there && asked->host != there->host) {
        return fmt::format(
            "was sent to {} instead: does a log-in page (captive portal) stand in the way?",
            there->name()
        );
    }
    return form && is_page(reply)
               ? "a page with a form came instead: a log-in page (captive portal)?"
               : "";
}

}  // namespace cxedge::probes
