// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_wifi/nl80211_messages.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>

namespace cxedge::plugins {
namespace {

// Netlink aligns messages and attributes to four bytes.
std::size_t aligned(std::size_t size) {
    return (size + 3U) & ~std::size_t{3};
}

// A number in the byte order of this machine, as the kernel writes it; nothing: there is none.
template <class T>
std::optional<T> number(std::string_view bytes) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (bytes.size() < sizeof(T)) {
        return std::nullopt;
    }
    T value{};
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

std::string_view behind(std::string_view bytes, std::size_t size) {
    return bytes.substr(std::min(size, bytes.size()));
}

using OnAttribute = std::function<void(int type, std::string_view value)>;

// False: an attribute is not whole.
bool each_attribute(std::string_view bytes, const OnAttribute& on_attribute) {
    while (bytes.size() >= sizeof(nlattr)) {
        const nlattr head = *number<nlattr>(bytes);
        if (head.nla_len < sizeof(nlattr) || head.nla_len > bytes.size()) {
            return false;
        }
        const std::string_view value = bytes.substr(0, head.nla_len).substr(sizeof(nlattr));
        on_attribute(head.nla_type & NLA_TYPE_MASK, value);
        bytes = behind(bytes, aligned(head.nla_len));
    }
    return bytes.empty();
}

// Attributes of a message of generic netlink.
bool each_of_message(std::string_view payload, const OnAttribute& on_attribute) {
    return payload.size() >= GENL_HDRLEN &&
           each_attribute(payload.substr(GENL_HDRLEN), on_attribute);
}

// A level in dBm is a signed byte.
std::optional<int> level(std::string_view value) {
    const auto byte = number<std::int8_t>(value);
    return byte ? std::optional<int>(*byte) : std::nullopt;
}

// A text that the kernel ends with a zero byte.
std::string text_of(std::string_view value) {
    return std::string(value.substr(0, value.find('\0')));
}

// NL80211_ATTR_STA_INFO's rates: in steps of 100 kbit/s, 16 bits wide before there were faster
// ones.
std::optional<double> rate(std::string_view value) {
    std::optional<double> wide;
    std::optional<double> narrow;
    each_attribute(value, [&](int type, std::string_view one) {
        if (type == NL80211_RATE_INFO_BITRATE32) {
            wide = number<std::uint32_t>(one);
        } else if (type == NL80211_RATE_INFO_BITRATE) {
            narrow = number<std::uint16_t>(one);
        }
    });
    const std::optional<double> steps = wide ? wide : narrow;
    return steps ? std::optional(*steps * 100'000) : std::nullopt;
}

bool has_flag(const nl80211_sta_flag_update& flags, unsigned flag) {
    return (flags.set & flags.mask & (1U << flag)) != 0;
}

void read_flags(std::string_view value, WifiStation& station) {
    const auto flags = number<nl80211_sta_flag_update>(value);
    if (!flags) {
        return;
    }
    const bool told = (flags->mask & (1U << NL80211_STA_FLAG_AUTHORIZED)) != 0;
    station.authorized = !told || has_flag(*flags, NL80211_STA_FLAG_AUTHORIZED);
    station.is_peer = has_flag(*flags, NL80211_STA_FLAG_TDLS_PEER);
}

void read_station_figure(int type, std::string_view value, WifiStation& station) {
    switch (type) {
        case NL80211_STA_INFO_SIGNAL:
            station.rssi_dbm = level(value);
            break;
        case NL80211_STA_INFO_SIGNAL_AVG:
            station.rssi_avg_dbm = level(value);
            break;
        case NL80211_STA_INFO_TX_BITRATE:
            station.tx_bit_s = rate(value);
            break;
        case NL80211_STA_INFO_RX_BITRATE:
            station.rx_bit_s = rate(value);
            break;
        case NL80211_STA_INFO_TX_RETRIES:
            station.tx_retries = number<std::uint32_t>(value);
            break;
        case NL80211_STA_INFO_TX_FAILED:
            station.tx_failed = number<std::uint32_t>(value);
            break;
        case NL80211_STA_INFO_CONNECTED_TIME:
            station.connected_s = number<std::uint32_t>(value);
            break;
        case NL80211_STA_INFO_STA_FLAGS:
            read_flags(value, station);
            break;
        default:
            break;
    }
}

void read_survey_figure(int type, std::string_view value, WifiSurvey& survey) {
    switch (type) {
        case NL80211_SURVEY_INFO_FREQUENCY:
            survey.frequency_mhz = number<std::uint32_t>(value).value_or(0);
            break;
        case NL80211_SURVEY_INFO_NOISE:
            survey.noise_dbm = level(value);
            break;
        case NL80211_SURVEY_INFO_IN_USE:
            survey.in_use = true;
            break;
        case NL80211_SURVEY_INFO_TIME:
            survey.active_ms = number<std::uint64_t>(value);
            break;
        case NL80211_SURVEY_INFO_TIME_BUSY:
            survey.busy_ms = number<std::uint64_t>(value);
            break;
        default:
            break;
    }
}

template <class T>
bool read_nest(std::string_view value, void (*read_one)(int, std::string_view, T&), T& into) {
    return each_attribute(value, [&](int type, std::string_view one) {
        read_one(type, one, into);
    });
}

}  // namespace

NetlinkMessages split_netlink(std::string_view datagram) {
    NetlinkMessages messages;
    while (!datagram.empty()) {
        const auto head = number<nlmsghdr>(datagram);
        messages.whole =
            head && head->nlmsg_len >= sizeof(nlmsghdr) && head->nlmsg_len <= datagram.size();
        if (!messages.whole) {
            return messages;
        }
        const std::string_view one = datagram.substr(0, head->nlmsg_len);
        messages.all.push_back({head->nlmsg_type, head->nlmsg_seq, one.substr(sizeof(nlmsghdr))});
        datagram = behind(datagram, aligned(head->nlmsg_len));
    }
    return messages;
}

std::optional<int> netlink_error(const NetlinkMessage& message) {
    if (message.type != NLMSG_ERROR && message.type != NLMSG_DONE) {
        return std::nullopt;
    }
    const auto code = number<std::int32_t>(message.payload);
    if (!code) {
        // Old kernels end a dump without a word.
        return message.type == NLMSG_DONE ? std::optional(0) : std::nullopt;
    }
    return *code < 0 && *code > -4096 ? -*code : 0;
}

std::optional<std::uint16_t> read_family(std::string_view payload) {
    std::optional<std::uint16_t> id;
    const bool whole = each_of_message(payload, [&](int type, std::string_view value) {
        if (type == CTRL_ATTR_FAMILY_ID) {
            id = number<std::uint16_t>(value);
        }
    });
    return whole ? id : std::nullopt;
}

std::optional<WifiInterface> read_interface(std::string_view payload) {
    WifiInterface found;
    std::optional<std::uint32_t> mhz;
    std::uint32_t khz = 0;
    const bool whole = each_of_message(payload, [&](int type, std::string_view value) {
        const auto word = number<std::uint32_t>(value);
        switch (type) {
            case NL80211_ATTR_IFINDEX:
                found.index = word.value_or(0);
                break;
            case NL80211_ATTR_IFNAME:
                found.name = text_of(value);
                break;
            case NL80211_ATTR_IFTYPE:
                found.is_station = word == NL80211_IFTYPE_STATION;
                break;
            case NL80211_ATTR_WIPHY_FREQ:
                mhz = word;
                break;
            case NL80211_ATTR_WIPHY_FREQ_OFFSET:
                khz = word.value_or(0);
                break;
            default:
                break;
        }
    });
    if (mhz) {
        found.frequency_hz = *mhz * 1e6 + khz * 1e3;
    }
    return whole ? std::optional(found) : std::nullopt;
}

std::optional<WifiStation> read_station(std::string_view payload) {
    WifiStation station;
    bool complete = true;
    const bool whole = each_of_message(payload, [&](int type, std::string_view value) {
        if (type == NL80211_ATTR_IFINDEX) {
            station.interface_index = number<std::uint32_t>(value).value_or(0);
        } else if (type == NL80211_ATTR_MAC) {
            const std::size_t size = std::min(value.size(), station.address.size());
            std::memcpy(station.address.data(), value.data(), size);
        } else if (type == NL80211_ATTR_STA_INFO) {
            complete = read_nest(value, read_station_figure, station);
        }
    });
    const bool fine = whole && complete && station.interface_index != 0;
    return fine ? std::optional(station) : std::nullopt;
}

std::optional<WifiSurvey> read_survey(std::string_view payload) {
    WifiSurvey survey;
    bool complete = true;
    const bool whole = each_of_message(payload, [&](int type, std::string_view value) {
        if (type == NL80211_ATTR_IFINDEX) {
            survey.interface_index = number<std::uint32_t>(value).value_or(0);
        } else if (type == NL80211_ATTR_SURVEY_INFO) {
            complete = read_nest(value, read_survey_figure, survey);
        }
    });
    const bool fine = whole && complete && survey.interface_index != 0;
    return fine ? std::optional(survey) : std::nullopt;
}

}  // namespace cxedge::plugins
