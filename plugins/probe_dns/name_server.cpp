// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/name_server.hpp"

#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::string_view kSystem = "system";
constexpr std::string_view kKeyword = "nameserver";
constexpr std::string_view kBlanks = " \t\r";

std::string_view first_word(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    text.remove_prefix(begin);
    return text.substr(0, text.find_first_of(kBlanks));
}

// resolv.conf(5): the keyword begins the line.
std::string_view server_of_line(std::string_view line) {
    if (!line.starts_with(kKeyword)) {
        return {};
    }
    line.remove_prefix(kKeyword.size());
    return !line.empty() && kBlanks.find(line.front()) != std::string_view::npos
               ? first_word(line)
               : std::string_view();
}

std::string first_server(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string server(server_of_line(text.substr(0, end)));
        if (SocketAddress::parse(server)) {
            return server;
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return {};
}

}  // namespace

std::string check_name_server(const std::string& text) {
    return text == kSystem || split_host_port(text)
               ? ""
               : "must be an address or name, with :port or without, or \"system\"";
}

Result<NameServer> name_server(
    const std::string& text, std::string_view resolv_conf, std::uint16_t port
) {
    if (text == kSystem) {
        const std::string first = first_server(resolv_conf);
        return first.empty() ? Result<NameServer>(not_found("the system has no name server"))
                             : Result<NameServer>(NameServer{first, port});
    }
    const auto parts = split_host_port(text);
    if (!parts) {
        return invalid_argument(check_name_server(text));
    }
    return NameServer{parts->host, parts->port.value_or(port)};
}

}  // namespace cxedge::plugins
