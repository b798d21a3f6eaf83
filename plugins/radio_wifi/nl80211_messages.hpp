// SPDX-License-Identifier: Apache-2.0
// Messages of generic netlink and nl80211, read from bytes (linux/netlink.h, linux/genetlink.h,
// linux/nl80211.h). Pure: nothing is read behind the end of what is given, and what is shorter than
// it says is refused. Of networks only what is named here is looked at: names of networks (SSID)
// never, addresses of access points for a salted hash only. Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::plugins {

struct NetlinkMessage {
    std::uint16_t type = 0;  // NLMSG_ERROR, NLMSG_DONE, or the number of a family
    std::uint32_t seq = 0;
    std::string_view payload;
};

struct NetlinkMessages {
    std::vector<NetlinkMessage> all;
    bool whole = true;  // false: what is behind the last one is none
};
// A datagram holds one or more.
NetlinkMessages split_netlink(std::string_view datagram);

// The error of NLMSG_ERROR and NLMSG_DONE as errno, 0 if they say that all is well; nothing: the
// message is of another type, or too short.
std::optional<int> netlink_error(const NetlinkMessage& message);

// Number of the family that the controller (CTRL_CMD_NEWFAMILY) tells.
std::optional<std::uint16_t> read_family(std::string_view payload);

// Each of these reads one message; nothing: it is not whole.

// NL80211_CMD_NEW_INTERFACE. A device for Wi-Fi Direct has neither number nor name.
struct WifiInterface {
    std::uint32_t index = 0;
    std::string name;                    // as ip(8) shows it
    bool is_station = false;             // a client of a network
    std::optional<double> frequency_hz;  // of its channel's primary 20 MHz
};
std::optional<WifiInterface> read_interface(std::string_view payload);

// NL80211_CMD_NEW_STATION: of a client, its access point.
struct WifiStation {
    std::uint32_t interface_index = 0;
    std::array<std::uint8_t, 6> address{};
    bool authorized = true;  // where the driver does not say
    bool is_peer = false;    // another client of the same network (TDLS)
    std::optional<int> rssi_dbm;
    std::optional<int> rssi_avg_dbm;
    std::optional<double> tx_bit_s;
    std::optional<double> rx_bit_s;
    std::optional<std::uint32_t> tx_retries;
    std::optional<std::uint32_t> tx_failed;
    std::optional<std::uint32_t> connected_s;
};
std::optional<WifiStation> read_station(std::string_view payload);

// NL80211_CMD_NEW_SURVEY_RESULTS: a channel.
struct WifiSurvey {
    std::uint32_t interface_index = 0;
    std::uint32_t frequency_mhz = 0;
    bool in_use = false;
    std::optional<int> noise_dbm;
    std::optional<std::uint64_t> active_ms;  // since the driver began to count
    std::optional<std::uint64_t> busy_ms;
};
std::optional<WifiSurvey> read_survey(std::string_view payload);

}  // namespace cxedge::plugins
