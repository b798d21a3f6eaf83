// SPDX-License-Identifier: Apache-2.0
// The kernel's side of nl80211, as bytes: a seam for tests. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/event_loop.hpp"

namespace cxedge::plugins {

class WifiSystem {
public:
    struct Events {
        // A datagram of whole netlink messages; valid during the call.
        std::function<void(std::string_view datagram)> bytes;
        std::function<void(int error)> failed;  // errno; nothing comes after it
    };
    // Ends without a call back.
    virtual ~WifiSystem() = default;
    // errno, 0: open. Events come from the loop, never from within open() or send().
    [[nodiscard]] virtual int open(EventLoop& loop, Events events) = 0;
    // One netlink message. errno, 0: sent.
    [[nodiscard]] virtual int send(std::string_view message) = 0;
};

using MakeWifiSystem = std::function<std::unique_ptr<WifiSystem>()>;

// A non-blocking socket of generic netlink (libnl). Errors of open(): EAFNOSUPPORT or EPERM where a
// sandbox forbids such sockets, EPROTONOSUPPORT where the kernel has none.
std::unique_ptr<WifiSystem> make_netlink_wifi();

// ---- Requests. Answers carry `seq`; a dump ends with NLMSG_DONE.

// For the number of family "nl80211"; ENOENT: this kernel has none.
std::string wifi_family_request(std::uint32_t seq);
enum class WifiDump : std::uint8_t { interfaces, stations, surveys };
// `interface_index` 0: of all, which only `interfaces` can.
std::string wifi_dump_request(
    WifiDump what, std::uint16_t family, std::uint32_t interface_index, std::uint32_t seq
);

}  // namespace cxedge::plugins
