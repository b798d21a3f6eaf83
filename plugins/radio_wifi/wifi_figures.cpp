// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_wifi/wifi_figures.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "plugins/radio_wifi/bss_name.hpp"

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;
using probes::ProbeResult;

enum WifiFigure : std::size_t {
    connected,
    rssi,
    frequency,
    tx_bitrate,
    rx_bitrate,
    tx_retry,
    tx_failed,
    signal_avg,
    noise,
    snr,
    channel_busy,
    figure_count
};

struct FigureKind {
    const char* metric;
    Kind kind;
    const char* unit;
};

constexpr std::array<FigureKind, figure_count> kFigures{{
    {"wifi.connected", Kind::state, "1"},
    {"wifi.rssi", Kind::gauge, "dBm"},
    {"wifi.frequency", Kind::gauge, "Hz"},
    {"wifi.tx_bitrate", Kind::gauge, "bit/s"},
    {"wifi.rx_bitrate", Kind::gauge, "bit/s"},
    {"wifi.tx_retry", Kind::counter, "{frame}"},
    {"wifi.tx_failed", Kind::counter, "{frame}"},
    {"wifi.signal_avg", Kind::gauge, "dBm"},
    {"wifi.noise", Kind::gauge, "dBm"},
    {"wifi.snr", Kind::gauge, "dB"},
    {"wifi.channel_busy", Kind::gauge, "1"},
}};
// From here on only some drivers tell them: a series begins when its driver first tells it.
constexpr std::size_t kFirstOptional = signal_avg;
// The kernel counts frames of a connection in 32 bits (NL80211_STA_INFO_TX_RETRIES).
constexpr std::uint8_t kFrameCounterBits = 32;
// `connected_s` is in whole seconds.
constexpr std::chrono::seconds kConnectedSlack{2};

using WifiValues = std::array<std::optional<double>, figure_count>;

// The share of time in which the channel was taken, between two looks.
std::optional<double> busy_between(
    const std::optional<WifiSurvey>& before, const std::optional<WifiSurvey>& now
) {
    const auto told = [](const std::optional<WifiSurvey>& survey) {
        return survey && survey->active_ms && survey->busy_ms;
    };
    if (!told(before) || !told(now) || before->frequency_mhz != now->frequency_mhz ||
        *now->active_ms <= *before->active_ms || *now->busy_ms < *before->busy_ms) {
        return std::nullopt;  // the first one, another channel, or counted anew
    }
    const auto active = static_cast<double>(*now->active_ms - *before->active_ms);
    const auto busy = static_cast<double>(*now->busy_ms - *before->busy_ms);
    return busy <= active ? std::optional(busy / active) : std::nullopt;
}

void take_station(const WifiStation& station, WifiValues& values) {
    values[rssi] = station.rssi_dbm;
    values[signal_avg] = station.rssi_avg_dbm;
    values[tx_bitrate] = station.tx_bit_s;
    values[rx_bitrate] = station.rx_bit_s;
    values[tx_retry] = station.tx_retries;
    values[tx_failed] = station.tx_failed;
}

WifiValues values_of(const WifiLink& link, const std::optional<WifiSurvey>& channel_before) {
    WifiValues values;
    values[connected] = link.access_point ? 1 : 0;
    if (!link.access_point) {
        return values;
    }
    take_station(*link.access_point, values);
    values[frequency] = link.interface.frequency_hz;
    if (!link.channel) {
        return values;
    }
    if (!values[frequency] && link.channel->frequency_mhz != 0) {
        values[frequency] = link.channel->frequency_mhz * 1e6;
    }
    values[noise] = link.channel->noise_dbm;
    if (values[rssi] && values[noise]) {
        values[snr] = *values[rssi] - *values[noise];
    }
    values[channel_busy] = busy_between(channel_before, link.channel);
    return values;
}

Figure figure_of(std::size_t index, const std::string& name, const std::string& bss) {
    const FigureKind& kind = kFigures.at(index);
    Figure figure{{{kind.metric, {{"ifname", name}}}, kind.kind, kind.unit, {}, 0}, {}};
    if (kind.kind == Kind::state) {
        figure.info.states = {"no", "yes"};
    } else if (!bss.empty()) {
        figure.info.key.dims.insert(figure.info.key.dims.begin(), {"bss", bss});
    }
    figure.info.counter_bits = kind.kind == Kind::counter ? kFrameCounterBits : std::uint8_t{0};
    return figure;
}

void add_figures(
    const WifiValues& values,
    std::uint32_t told,
    const std::string& name,
    const std::string& bss,
    Finding& finding
) {
    for (std::size_t i = 0; i < figure_count; ++i) {
        if (i >= kFirstOptional && (told & (1U << i)) == 0) {
            continue;
        }
        Figure figure = figure_of(i, name, bss);
        if (values[i]) {
            figure.values.push_back(*values[i]);
        }
        finding.figures.push_back(std::move(figure));
    }
}

void say(Finding& finding, ProbeResult result, const char* step, std::string detail) {
    finding.result = result;
    finding.step = step;
    finding.detail = std::move(detail);
}

// Why nothing could be asked.
void say_error(int error, bool timed_out, Finding& finding) {
    if (timed_out || error == ENOBUFS) {
        say(finding, ProbeResult::timeout, "driver", "the Wi-Fi driver does not answer in time");
    } else if (error == EPERM || error == EACCES || error == EAFNOSUPPORT) {
        say(finding,
            ProbeResult::no_permission,
            "driver",
            "this process may not ask the kernel for Wi-Fi: its sandbox must allow AF_NETLINK "
            "sockets (RestrictAddressFamilies= of the unit)");
    } else if (error == ENOENT || error == EPROTONOSUPPORT) {
        say(finding,
            ProbeResult::no_route,
            "driver",
            "no Wi-Fi here: the kernel has no nl80211 (no adapter, or its driver is not loaded)");
    } else {
        say(finding,
            ProbeResult::no_route,
            "driver",
            fmt::format("the kernel refuses to tell of Wi-Fi: error {}", error));
    }
}

void say_no_interface(const std::string& target, Finding& finding) {
    say(finding,
        ProbeResult::no_route,
        "interface",
        target == "auto"
            ? "no Wi-Fi here: no interface that is a client of a network (see: iw dev)"
            : fmt::format("there is no Wi-Fi interface {} here (see: iw dev)", target));
}

void say_state(const WifiView& view, const std::string& target, Finding& finding) {
    const auto any = [&](auto test) {
        return std::any_of(view.links.begin(), view.links.end(), test);
    };
    if (view.links.empty()) {
        say_no_interface(target, finding);
    } else if (!any([](const WifiLink& link) { return link.interface.is_station; })) {
        say(finding,
            ProbeResult::no_route,
            "interface",
            fmt::format("{} is no client of a network: it serves or watches one", target));
    } else if (!any([](const WifiLink& link) { return link.access_point.has_value(); })) {
        say(finding,
            ProbeResult::no_route,
            "association",
            fmt::format("{} is not connected to a network", view.links.front().interface.name));
    }
}

}  // namespace

WifiBook::WifiBook(std::string target, const WifiSettings& settings)
    : target_(std::move(target)), settings_(settings) {
    if (target_ != "auto") {
        memory_of(target_);  // its figures are known before it is seen
    }
}

Finding WifiBook::take(const WifiView& view, bool timed_out, SteadyTime now) {
    Finding finding;
    const bool complete = view.reached == WifiView::Step::all;
    std::set<std::string> seen;
    for (const WifiLink& link : view.links) {
        if (complete && link.interface.is_station) {
            seen.insert(link.interface.name);
            take_link(link, now, finding);
        }
    }
    for (const auto& [name, memory] : links_) {
        if (seen.count(name) == 0) {
            lose_link(name, finding);
        }
    }
    if (complete) {
        say_state(view, target_, finding);
    } else if (view.garbled) {
        say(finding,
            ProbeResult::body_mismatch,
            "driver",
            "the kernel's answer about Wi-Fi cannot be read");
    } else {
        say_error(view.error, timed_out, finding);
    }
    return finding;
}

void WifiBook::take_link(const WifiLink& link, SteadyTime now, Finding& finding) {
    const std::string& name = link.interface.name;
    Link& memory = memory_of(name);
    const WifiValues values = values_of(link, memory.channel);
    for (std::size_t i = kFirstOptional; i < figure_count; ++i) {
        memory.told |= values[i] ? 1U << i : 0U;
    }
    if (link.channel && link.channel->active_ms && link.channel->busy_ms) {
        memory.told |= 1U << channel_busy;  // from the first look on, which is a loss
    }
    if (link.access_point && !settings_.bss_salt.empty()) {
        memory.bss = bss_name(settings_.bss_salt, link.access_point->address);
    }
    add_figures(values, memory.told, name, memory.bss, finding);
    judge(link, now, memory, finding);
    memory.channel = link.channel;
}

void WifiBook::lose_link(const std::string& name, Finding& finding) {
    Link& memory = memory_of(name);
    memory.channel.reset();
    add_figures({}, memory.told, name, memory.bss, finding);
}

void WifiBook::judge(const WifiLink& link, SteadyTime now, Link& memory, Finding& finding) const {
    probes::CoverageLook look;
    look.at = now;
    look.limit_dbm = settings_.rssi_min_dbm;
    look.connected = link.access_point.has_value();
    if (link.access_point) {
        look.dbm = link.access_point->rssi_dbm;
        const auto since = std::chrono::seconds(link.access_point->connected_s.value_or(0));
        // Younger than the last look, at which there was one: it was lost and made anew between.
        const bool anew = memory.connected_at && link.access_point->connected_s &&
                          *memory.connected_at + since + kConnectedSlack < now;
        look.unseen_changes = anew ? 2 : 0;
    }
    memory.connected_at = link.access_point ? std::optional(now) : std::nullopt;
    for (Event& event : memory.judge.take(look)) {
        finding.events.push_back(std::move(event));
    }
}

WifiBook::Link& WifiBook::memory_of(const std::string& name) {
    return links_.try_emplace(name, settings_, name).first->second;
}

}  // namespace cxedge::plugins
