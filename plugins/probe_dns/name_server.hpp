// SPDX-License-Identifier: Apache-2.0
// Whom a target names: "9.9.9.9", "[2620:fe::9]:53", "dns.example:853", or "system". Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::plugins {

inline constexpr const char* kResolvConf = "/etc/resolv.conf";

struct NameServer {
    std::string host;
    std::uint16_t port = 0;
};

// What is wrong with such a text, or empty.
std::string check_name_server(const std::string& text);
// `resolv_conf`: the text of that file, for "system"; `port`: where none is named. not_found: the
// file names none; invalid_argument: as check_name_server() says.
Result<NameServer> name_server(
    const std::string& text, std::string_view resolv_conf, std::uint16_t port
);

}  // namespace cxedge::plugins
