// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/moment.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;

// "90s", "30min", "2h", "7d".
std::optional<milliseconds> length_of(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits{
        {{"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}}};
    constexpr std::int64_t kMost = 1000000;
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || number < 0 || number > kMost) {
        return std::nullopt;
    }
    const std::string_view unit = text.substr(static_cast<std::size_t>(parsed.ptr - text.data()));
    for (const auto& [name, ms] : kUnits) {
        if (unit == name) {
            return milliseconds(number * ms);
        }
    }
    return std::nullopt;
}

// Midnight of this machine's day, `days` before that of `now`.
WallTime midnight(WallTime now, int days) {
    const auto seconds = static_cast<std::time_t>(unix_ms(now) / 1000);
    std::tm broken{};
    ::localtime_r(&seconds, &broken);
    broken.tm_hour = broken.tm_min = broken.tm_sec = 0;
    broken.tm_mday -= days;
    broken.tm_isdst = -1;
    return from_unix_ms(std::int64_t{std::mktime(&broken)} * 1000);
}

std::optional<WallTime> calendar_time(const std::string& text) {
    const bool utc = text.ends_with("Z");
    for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
        std::tm broken{};
        broken.tm_isdst = -1;
        const char* end = ::strptime(text.c_str(), format, &broken);
        if (end != nullptr && std::string_view(end) == (utc ? "Z" : "")) {
            const std::time_t seconds = utc ? ::timegm(&broken) : std::mktime(&broken);
            return from_unix_ms(std::int64_t{seconds} * 1000);
        }
    }
    return std::nullopt;
}

}  // namespace

Result<WallTime> parse_moment(const std::string& text, WallTime now) {
    if (text == "now") {
        return now;
    }
    if (text == "today" || text == "yesterday") {
        return midnight(now, text == "today" ? 0 : 1);
    }
    if (text.starts_with("-")) {
        if (const auto length = length_of(std::string_view(text).substr(1))) {
            return now - *length;
        }
    } else if (const auto time = calendar_time(text)) {
        return *time;
    }
    return invalid_argument("\"" + text + "\" is no time; write " + kMomentHelp);
}

Result<milliseconds> parse_step(const std::string& text) {
    if (text == "raw" || text == "0") {
        return milliseconds(0);
    }
    const auto length = length_of(text);
    constexpr milliseconds kDay{86400000};
    if (length && length->count() > 0 && *length <= kDay) {
        return *length;
    }
    return invalid_argument("\"" + text + "\" is no step; write raw, 1min, 15min, 1h or 1d");
}

}  // namespace cxedge::ctl
