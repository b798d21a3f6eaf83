// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "agent/config/load.hpp"

namespace cxedge::config {
namespace {

constexpr std::uint16_t kPlainPort = 1883;
constexpr std::uint16_t kTlsPort = 8883;

bool holds_only(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kHostCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
constexpr std::string_view kIpv6Characters = "0123456789abcdefABCDEF:.";

// Splits "host:port", "host", "[::1]:port"; what follows the host, ":" included, is the rest.
bool split_host(std::string_view text, std::string& host, std::string_view& rest) {
    const bool bracketed = text.starts_with('[');
    const std::size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
    if (end == std::string_view::npos) {
        return false;
    }
    host = text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
    rest = text.substr(bracketed ? end + 1 : end);
    return holds_only(host, bracketed ? kIpv6Characters : kHostCharacters);
}

bool parse_port(std::string_view text, std::uint16_t& port) {
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, port);
    return failure == std::errc() && stop == end && port != 0;
}

}  // namespace

Result<BrokerUrl> parse_broker_url(std::string_view url) {
    BrokerUrl out;
    out.tls = url.starts_with("mqtts://");
    out.port = out.tls ? kTlsPort : kPlainPort;
    if (!out.tls && !url.starts_with("mqtt://")) {
        return invalid_argument(fmt::format("\"{}\" does not begin with mqtt:// or mqtts://", url));
    }
    const std::string_view address = url.substr(url.find("//") + 2);
    if (address.find('@') != std::string_view::npos) {
        return invalid_argument("no user or password here: use username and password_file");
    }
    std::string_view rest;
    if (!split_host(address, out.host, rest)) {
        return invalid_argument(
            fmt::format("\"{}\" has no valid host: write mqtt://host[:port], IPv6 in [ ]", url)
        );
    }
    if (!rest.empty() && (rest.front() != ':' || !parse_port(rest.substr(1), out.port))) {
        return invalid_argument(
            fmt::format("\"{}\": after the host comes :port, 1 to 65535, and nothing else", url)
        );
    }
    return out;
}

}  // namespace cxedge::config
