// SPDX-License-Identifier: Apache-2.0
// Messages of nl80211, byte by byte as the kernel's headers define them (linux/netlink.h,
// linux/genetlink.h, linux/nl80211.h); nothing of the code under test is in here.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>

namespace cxedge::test {

template <class T>
std::string raw(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
}

inline void pad(std::string& bytes) {
    bytes.resize((bytes.size() + 3U) & ~std::size_t{3}, '\0');
}

// Attributes, one after the other.
struct Attrs {
    std::string bytes;

    Attrs& add(int type, std::string_view value) {
        bytes += raw(static_cast<std::uint16_t>(4 + value.size()));
        bytes += raw(static_cast<std::uint16_t>(type));
        bytes += value;
        pad(bytes);
        return *this;
    }
    template <class T>
    Attrs& number(int type, T value) {
        return add(type, raw(value));
    }
    Attrs& text(int type, const std::string& value) { return add(type, value + '\0'); }
    Attrs& nest(int type, const Attrs& inner) { return add(type | NLA_F_NESTED, inner.bytes); }
};

inline std::string netlink_message(
    std::uint16_t type, std::uint16_t flags, std::uint32_t seq, const std::string& payload
) {
    std::string bytes = raw(static_cast<std::uint32_t>(16 + payload.size()));
    bytes += raw(type) + raw(flags) + raw(seq) + raw(std::uint32_t{4711}) + payload;
    pad(bytes);
    return bytes;
}

inline std::string genl_message(
    std::uint16_t family, std::uint8_t command, std::uint32_t seq, const Attrs& attrs
) {
    const std::string head = raw(command) + raw(std::uint8_t{1}) + raw(std::uint16_t{0});
    return netlink_message(family, NLM_F_MULTI, seq, head + attrs.bytes);
}

inline std::string error_message(std::uint32_t seq, int error) {
    return netlink_message(NLMSG_ERROR, 0, seq, raw(std::int32_t{-error}) + std::string(16, '\0'));
}

inline std::string done_message(std::uint32_t seq, int error = 0) {
    return netlink_message(NLMSG_DONE, NLM_F_MULTI, seq, raw(std::int32_t{-error}));
}

// ---- A client that uses an 802.11ac network at 5180 MHz, as mac80211 tells it.

inline constexpr std::uint16_t kFamily = 28;
inline const std::string kNetworkName = "Shop Staff 5G";
inline const std::string kAccessPoint = "\x02\x1a\x2b\x3c\x4d\x5e";

inline Attrs interface_attrs(
    std::uint32_t index, const std::string& name, std::uint32_t type = NL80211_IFTYPE_STATION
) {
    Attrs attrs;
    attrs.number(NL80211_ATTR_IFINDEX, index)
        .text(NL80211_ATTR_IFNAME, name)
        .number(NL80211_ATTR_WIPHY, std::uint32_t{0})
        .number(NL80211_ATTR_IFTYPE, type)
        .number(NL80211_ATTR_WDEV, std::uint64_t{1})
        .add(NL80211_ATTR_MAC, "\x02\x00\x5e\x10\x20\x30")
        .number(NL80211_ATTR_GENERATION, std::uint32_t{5})
        .number(NL80211_ATTR_WIPHY_FREQ, std::uint32_t{5180})
        .number(NL80211_ATTR_WIPHY_FREQ_OFFSET, std::uint32_t{0})
        .number(NL80211_ATTR_CHANNEL_WIDTH, std::uint32_t{NL80211_CHAN_WIDTH_80})
        .add(NL80211_ATTR_SSID, kNetworkName);
    return attrs;
}

struct StationShape {
    std::int8_t rssi = -57;
    std::uint32_t retries = 1234;
    std::uint32_t connected_s = 86'400;
    std::uint32_t flags = (1U << NL80211_STA_FLAG_AUTHORIZED) |
                          (1U << NL80211_STA_FLAG_AUTHENTICATED) |
                          (1U << NL80211_STA_FLAG_ASSOCIATED);
    std::string address = kAccessPoint;
};

inline Attrs rate_attrs(std::uint16_t narrow, std::uint32_t wide) {
    Attrs rate;
    rate.number(NL80211_RATE_INFO_BITRATE32, wide);
    if (narrow != 0) {
        rate.number(NL80211_RATE_INFO_BITRATE, narrow);
    }
    rate.number(NL80211_RATE_INFO_VHT_MCS, std::uint8_t{9});
    rate.add(NL80211_RATE_INFO_80_MHZ_WIDTH, "");
    return rate;
}

inline Attrs station_attrs(std::uint32_t index, const StationShape& shape = {}) {
    Attrs signals;  // one for each antenna
    signals.number(0, std::int8_t{-58}).number(1, std::int8_t{-60});
    Attrs info;
    info.number(NL80211_STA_INFO_CONNECTED_TIME, shape.connected_s)
        .number(NL80211_STA_INFO_INACTIVE_TIME, std::uint32_t{12})
        .number(NL80211_STA_INFO_RX_BYTES64, std::uint64_t{5'000'000'000})
        .number(NL80211_STA_INFO_SIGNAL, shape.rssi)
        .number(NL80211_STA_INFO_SIGNAL_AVG, std::int8_t{-55})
        .nest(NL80211_STA_INFO_CHAIN_SIGNAL, signals)
        .nest(NL80211_STA_INFO_TX_BITRATE, rate_attrs(8667, 8667))
        // Too fast for 16 bits.
        .nest(NL80211_STA_INFO_RX_BITRATE, rate_attrs(0, 96'080))
        .number(NL80211_STA_INFO_TX_RETRIES, shape.retries)
        .number(NL80211_STA_INFO_TX_FAILED, std::uint32_t{7})
        .add(
            NL80211_STA_INFO_STA_FLAGS,
            raw(~std::uint32_t{1}) + raw(shape.flags)  // nl80211_sta_flag_update: mask, set
        );
    Attrs attrs;
    attrs.number(NL80211_ATTR_IFINDEX, index)
        .add(NL80211_ATTR_MAC, shape.address)
        .number(NL80211_ATTR_GENERATION, std::uint32_t{9})
        .nest(NL80211_ATTR_STA_INFO, info);
    return attrs;
}

struct SurveyShape {
    std::uint32_t mhz = 5180;
    bool in_use = true;
    std::uint64_t active_ms = 10'000;
    std::uint64_t busy_ms = 2'500;
};

inline Attrs survey_attrs(std::uint32_t index, const SurveyShape& shape = {}) {
    Attrs info;
    info.number(NL80211_SURVEY_INFO_FREQUENCY, shape.mhz)
        .number(NL80211_SURVEY_INFO_NOISE, std::int8_t{-95});
    if (shape.in_use) {
        info.add(NL80211_SURVEY_INFO_IN_USE, "");
    }
    info.number(NL80211_SURVEY_INFO_TIME, shape.active_ms)
        .number(NL80211_SURVEY_INFO_TIME_BUSY, shape.busy_ms)
        .number(NL80211_SURVEY_INFO_TIME_RX, std::uint64_t{1'000})
        .number(NL80211_SURVEY_INFO_TIME_TX, std::uint64_t{200});
    Attrs attrs;
    attrs.number(NL80211_ATTR_IFINDEX, index).nest(NL80211_ATTR_SURVEY_INFO, info);
    return attrs;
}

}  // namespace cxedge::test
