// SPDX-License-Identifier: Apache-2.0
// A message is a row of channel, type, data; how long the data is only the type says, so behind an
// unknown one nothing can be read. Totals are what counts: the counts of a period tell the same
// people once more, and are taken only from a device that tells no totals.
#include "plugins/_devices/formats/milesight.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/formats/lorawan.hpp"

namespace cxedge::devices {
namespace {

enum class Tlv {
    skip,
    battery,
    temperature,
    total16,    // in, out
    period,     // in, out
    total_in,   // 32 bits; the channel is the line
    total_out,  // likewise
    line_period,
    people,
    regions,
    regions8,
    history,
    time,
    firmware2,
    firmware4,
    serial,
    answer,  // to a setting: ends what is read
};

struct TlvRule {
    std::uint8_t channel;
    std::uint8_t type;
    std::size_t size;
    Tlv what;
};

constexpr TlvRule kTlvRules[] = {
    {0x01, 0x75, 1, Tlv::battery},     {0x03, 0x67, 2, Tlv::temperature},
    {0x83, 0x67, 3, Tlv::temperature},  // with an alarm
    {0x04, 0xCC, 4, Tlv::total16},     {0x84, 0xCC, 5, Tlv::total16},
    {0x0D, 0xCC, 4, Tlv::total16},     {0x05, 0xCC, 4, Tlv::period},
    {0x85, 0xCC, 5, Tlv::period},      {0x03, 0xD2, 4, Tlv::total_in},
    {0x06, 0xD2, 4, Tlv::total_in},    {0x09, 0xD2, 4, Tlv::total_in},
    {0x0C, 0xD2, 4, Tlv::total_in},    {0x04, 0xD2, 4, Tlv::total_out},
    {0x07, 0xD2, 4, Tlv::total_out},   {0x0A, 0xD2, 4, Tlv::total_out},
    {0x0D, 0xD2, 4, Tlv::total_out},   {0x08, 0xCC, 4, Tlv::line_period},
    {0x0B, 0xCC, 4, Tlv::line_period}, {0x0E, 0xCC, 4, Tlv::line_period},
    {0x04, 0xC9, 4, Tlv::people},      {0x06, 0xCD, 1, Tlv::skip},  // most people
    {0x07, 0xD5, 8, Tlv::regions8},    {0x08, 0xD5, 8, Tlv::regions8},
    {0x09, 0xDA, 8, Tlv::skip},        {0x0A, 0xDA, 8, Tlv::skip},  // flows between sides
    {0x0B, 0xDA, 8, Tlv::skip},        {0x0C, 0xDA, 8, Tlv::skip},
    {0x0E, 0xE4, 5, Tlv::skip},        {0x10, 0xE4, 5, Tlv::skip},  // means of dwell times
    {0x1E, 0xE4, 5, Tlv::skip},        {0x10, 0xF7, 4, Tlv::skip},
    {0x0F, 0xE3, 4, Tlv::regions},     {0x1D, 0xE3, 4, Tlv::skip},  // of staff or children
    {0x50, 0xFC, 3, Tlv::skip},        {0x0A, 0xEF, 4, Tlv::time},
    {0x0F, 0x85, 4, Tlv::time},        {0x20, 0xCE, 9, Tlv::history},
    {0xFF, 0x01, 1, Tlv::skip},        {0xFF, 0x09, 2, Tlv::skip},
    {0xFF, 0x0A, 2, Tlv::firmware2},   {0xFF, 0x1F, 4, Tlv::firmware4},
    {0xFF, 0x08, 6, Tlv::serial},      {0xFF, 0x16, 8, Tlv::serial},
    {0xFF, 0x0F, 1, Tlv::skip},        {0xFF, 0x0B, 1, Tlv::skip},
    {0xFF, 0xFE, 1, Tlv::skip},        {0xFF, 0xFF, 2, Tlv::skip}};

constexpr std::size_t kTlvHead = 2;

bool is_between(std::uint8_t value, std::uint8_t first, std::uint8_t last) {
    return value >= first && value <= last;
}

std::optional<TlvRule> tlv_rule(std::uint8_t channel, std::uint8_t type) {
    const auto* const found =
        std::find_if(std::begin(kTlvRules), std::end(kTlvRules), [&](const TlvRule& each) {
            return each.channel == channel && each.type == type;
        });
    if (found != std::end(kTlvRules)) {
        return *found;
    }
    // Lines of staff or of children (which of them, the model says): a part of all people.
    if (is_between(channel, 0x11, 0x1C) && (type == 0xD2 || type == 0xCC)) {
        return TlvRule{channel, type, 4, Tlv::skip};
    }
    if (channel == 0xFE || channel == 0xFF || channel == 0xF8 || channel == 0xF9) {
        return TlvRule{channel, type, 0, Tlv::answer};
    }
    return std::nullopt;
}

bool looks_like_milesight(std::string_view bytes) {
    return bytes.size() > kTlvHead &&
           tlv_rule(static_cast<std::uint8_t>(bytes[0]), static_cast<std::uint8_t>(bytes[1]))
               .has_value();
}

// Four bytes of time, one of type, then by the type: 0 and 1 of the VS350 (counts of a period, and
// totals), else the channel of a VS13x.
constexpr std::size_t kHistoryHead = 5;

std::size_t history_size(std::string_view data) {
    if (data.size() < kHistoryHead) {
        return kHistoryHead;
    }
    const auto type = static_cast<std::uint8_t>(data[kHistoryHead - 1]);
    const bool dwell = type == 0x10 || type == 0x20;
    return kHistoryHead + (type == 1 ? 8U : (dwell ? 3U : 4U));
}

std::string line_name(std::uint8_t channel) {
    constexpr int kFirstLine = 3;
    constexpr int kChannelsOfLine = 3;
    return fmt::format("line {}", (channel - kFirstLine) / kChannelsOfLine + 1);
}

class MilesightReader {
public:
    MilesightReader(LoraUplink uplink, ReportBuilder& out)
        : uplink_(std::move(uplink)), bytes_(uplink_.bytes), out_(out) {
        out_.device = uplink_.device;
        when_.time = uplink_.time;
        when_.id = uplink_.id;
    }

    void read() {
        look_ahead();
        out_.state().up = true;
        walk(true);
    }

private:
    // The device's own time, and whether it tells totals, may stand behind the counts.
    void look_ahead() {
        reading_ = false;
        walk(false);
        reading_ = true;
    }

    void walk(bool complain) {
        std::size_t at = 0;
        std::optional<std::size_t> size = 1;
        while (at < bytes_.size() && size && *size != 0) {
            size = read_one(at);
            at += size.value_or(0);
        }
        if (!size && complain) {
            out_.bad(fmt::format("byte {}", at), problem_);
        }
    }

    // Empty: cannot be read, see problem_. 0: nothing of interest follows.
    std::optional<std::size_t> read_one(std::size_t at) {
        problem_ = "the message ends too early";
        if (bytes_.size() - at < kTlvHead) {
            return std::nullopt;
        }
        const auto channel = static_cast<std::uint8_t>(bytes_[at]);
        const auto rule = tlv_rule(channel, static_cast<std::uint8_t>(bytes_[at + 1]));
        if (!rule) {
            problem_ = "has an unknown channel; the rest is not read";
            return std::nullopt;
        }
        if (rule->what == Tlv::answer) {
            return 0;
        }
        std::string_view data = std::string_view(bytes_).substr(at + kTlvHead);
        const std::size_t size = rule->what == Tlv::history ? history_size(data) : rule->size;
        if (data.size() < size) {
            return std::nullopt;
        }
        data = data.substr(0, size);
        reading_ ? take(*rule, data) : note(*rule, data);
        return kTlvHead + size;
    }

    void note(const TlvRule& rule, std::string_view data) {
        has_totals_ = has_totals_ || rule.what == Tlv::total16 || rule.what == Tlv::total_in ||
                      rule.what == Tlv::total_out || rule.what == Tlv::line_period;
        if (rule.what == Tlv::time) {
            when_.time = DeviceTime{std::int64_t{little_endian(data, 0, 4)} * 1000, false};
        }
    }

    void take(const TlvRule& rule, std::string_view data) {
        switch (rule.what) {
            case Tlv::battery:
                out_.state().battery = static_cast<double>(little_endian(data, 0, 1));
                break;
            case Tlv::temperature:
                temperature(data);
                break;
            case Tlv::total16:
                totals(data, 0, {}, when_);
                break;
            case Tlv::period:
                if (!has_totals_) {
                    period(data, 0, when_);
                }
                break;
            case Tlv::total_in:
            case Tlv::total_out:
                line_total(rule.channel, rule.what == Tlv::total_in, data, when_);
                break;
            case Tlv::people:
                people(data);
                break;
            case Tlv::regions:
            case Tlv::regions8:
                regions(rule, data, when_);
                break;
            case Tlv::history:
                history(data);
                break;
            case Tlv::firmware2:
            case Tlv::firmware4:
                firmware(data);
                break;
            default:
                break;
        }
    }

    void temperature(std::string_view data) {
        const auto tenths = static_cast<std::int16_t>(little_endian(data, 0, 2));
        const auto info = series_info("store.env.temperature", Kind::gauge);
        out_.add(info, static_cast<double>(tenths) / 10, {when_.time, {}, {}});
    }

    void counter(
        const char* metric, std::uint8_t bits, double value, const Dimension& door, const When& when
    ) {
        SeriesInfo info = series_info(metric, Kind::counter, {door});
        info.counter_bits = bits;
        out_.add(std::move(info), value, {when.time, {}, {}});
    }

    void totals(std::string_view data, std::size_t at, const std::string& door, const When& when) {
        constexpr std::uint8_t kBits = 16;
        counter("store.footfall.in", kBits, little_endian(data, at, 2), {"door", door}, when);
        counter("store.footfall.out", kBits, little_endian(data, at + 2, 2), {"door", door}, when);
    }

    void line_total(std::uint8_t channel, bool in, std::string_view data, const When& when) {
        constexpr std::uint8_t kBits = 32;
        const char* const metric = in ? "store.footfall.in" : "store.footfall.out";
        counter(
            metric,
            kBits,
            little_endian(data, data.size() - 4, 4),
            {"door", line_name(channel)},
            when
        );
    }

    void period(std::string_view data, std::size_t at, const When& when) {
        out_.add(series_info("store.footfall.in", Kind::delta), little_endian(data, at, 2), when);
        out_.add(
            series_info("store.footfall.out", Kind::delta), little_endian(data, at + 2, 2), when
        );
    }

    // History without totals. It would claim the series that the totals of the same device need,
    // and the next total holds it: it counts only of a device that is known to tell none.
    void old_period(std::string_view data, const When& when) {
        const std::size_t first = out_.report.readings.size();
        period(data, kHistoryHead, when);
        for (std::size_t i = first; i < out_.report.readings.size(); ++i) {
            out_.report.readings[i].unless_totals = true;
        }
    }

    void region(std::size_t number, std::uint32_t value, const When& when) {
        const std::string zone = number == 0 ? "" : fmt::format("region {}", number);
        const auto info = series_info("store.occupancy", Kind::gauge, {{"zone", zone}});
        out_.add(info, value, {when.time, {}, {}});
    }

    void people(std::string_view data) { region(0, little_endian(data, 0, 1), when_); }

    void regions(const TlvRule& rule, std::string_view data, const When& when) {
        const std::size_t first = rule.what == Tlv::regions8 && rule.channel == 0x08 ? 9 : 1;
        for (std::size_t i = 0; i < data.size(); ++i) {
            region(first + i, little_endian(data, i, 1), when);
        }
    }

    void history(std::string_view data) {
        const auto type = static_cast<std::uint8_t>(data[kHistoryHead - 1]);
        const std::uint32_t seconds = little_endian(data, 0, 4);
        When when;
        when.time = DeviceTime{std::int64_t{seconds} * 1000, false};
        when.id = fmt::format("history/{}", seconds);
        if (type == 0) {
            old_period(data, when);
        } else if (type == 1) {
            totals(data, kHistoryHead + 4, {}, when);
        } else if (const auto rule = tlv_rule(type, 0xD2); rule && rule->what != Tlv::skip) {
            line_total(type, rule->what == Tlv::total_in, data, when);
        } else if (type == 0x0F) {
            regions({type, 0xE3, 4, Tlv::regions}, data.substr(kHistoryHead), when);
        }
    }

    void firmware(std::string_view data) {
        std::string version;
        for (const char c : data) {
            version +=
                fmt::format("{}{}", version.empty() ? "" : ".", static_cast<unsigned char>(c));
        }
        out_.state().firmware = version;
    }

    const LoraUplink uplink_;
    const std::string& bytes_;
    ReportBuilder& out_;
    When when_;
    bool reading_ = false;
    bool has_totals_ = false;
    const char* problem_ = "";
};

}  // namespace

Result<Report> parse_milesight(const Message& message) {
    Result<LoraUplink> uplink = read_lora_uplink(message.body, looks_like_milesight);
    if (!uplink) {
        return uplink.error();
    }
    if (!looks_like_milesight(uplink->bytes)) {
        return invalid_argument("is no payload of a Milesight people counter");
    }
    ReportBuilder out;
    MilesightReader(std::move(*uplink), out).read();
    return std::move(out.report);
}

}  // namespace cxedge::devices
