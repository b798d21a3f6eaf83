// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/device_time.hpp"

#include <chrono>
#include <cmath>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr double kFirstMilliseconds = 1e11;  // as seconds that would be the year 5138
constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;

// Reads a text from left to right; after the first mistake nothing fits any more.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    // Exactly `digits` digits.
    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const bool digit = i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9';
            good_ = good_ && digit;
            value = digit ? value * 10 + (rest_[i] - '0') : 0;
        }
        rest_.remove_prefix(std::min(digits, rest_.size()));
        return value;
    }
    bool take(std::string_view any_of) {
        const bool fits = !rest_.empty() && any_of.find(rest_.front()) != std::string_view::npos;
        rest_.remove_prefix(fits ? 1 : 0);
        return fits;
    }
    void need(std::string_view any_of) { good_ = take(any_of) && good_; }
    [[nodiscard]] bool at_digit() const {
        return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

struct Parts {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int ms = 0;
};

std::optional<std::int64_t> ms_of(const Parts& parts) {
    const std::chrono::year_month_day date{
        std::chrono::year(parts.year),
        std::chrono::month(static_cast<unsigned>(parts.month)),
        std::chrono::day(static_cast<unsigned>(parts.day))};
    const bool in_day = parts.hour <= 24 && parts.minute < 60 && parts.second <= 60;
    const bool midnight = parts.hour < 24 || (parts.minute == 0 && parts.second == 0);
    if (!date.ok() || parts.year < 1970 || !in_day || !midnight) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t seconds = ((days * 24 + parts.hour) * 60 + parts.minute) * 60 + parts.second;
    return seconds * 1000 + parts.ms;
}

int read_fraction(Scanner& scan) {
    int ms = 0;
    int scale = 100;
    bool any = false;
    for (; scan.at_digit(); scale /= 10, any = true) {
        ms += scan.number(1) * scale;
    }
    if (!any) {
        scan.need("0");  // a point without digits
    }
    return ms;
}

// Minutes east of Greenwich; empty: no zone is written.
std::optional<int> read_zone(Scanner& scan) {
    if (scan.take("Zz")) {
        return 0;
    }
    const int sign = scan.take("+") ? 1 : (scan.take("-") ? -1 : 0);
    if (sign == 0) {
        return std::nullopt;
    }
    const int hours = scan.number(2);
    const bool minutes_follow = scan.take(":") || scan.at_digit();
    return sign * (hours * 60 + (minutes_follow ? scan.number(2) : 0));
}

std::optional<DeviceTime> parse_iso(std::string_view text) {
    Scanner scan(text);
    Parts parts;
    parts.year = scan.number(4);
    scan.need("-");
    parts.month = scan.number(2);
    scan.need("-");
    parts.day = scan.number(2);
    std::optional<int> zone;
    if (scan.take("Tt ")) {
        parts.hour = scan.number(2);
        scan.need(":");
        parts.minute = scan.number(2);
        if (scan.take(":")) {
            parts.second = scan.number(2);
        }
        if (scan.take(".,")) {
            parts.ms = read_fraction(scan);
        }
        while (scan.take(" ")) {
        }
        zone = read_zone(scan);
    }
    const auto ms = scan.done() ? ms_of(parts) : std::nullopt;
    if (!ms) {
        return std::nullopt;
    }
    const std::int64_t utc = *ms - std::int64_t{zone.value_or(0)} * 60'000;
    return utc >= 0 ? std::optional(DeviceTime{utc, !zone}) : std::nullopt;
}

std::optional<DeviceTime> parse_compact(std::string_view text) {
    Scanner scan(text);
    Parts parts{
        scan.number(4),
        scan.number(2),
        scan.number(2),
        scan.number(2),
        scan.number(2),
        scan.number(2),
        0};
    const auto ms = scan.done() ? ms_of(parts) : std::nullopt;
    return ms ? std::optional(DeviceTime{*ms, true}) : std::nullopt;
}

}  // namespace

std::optional<DeviceTime> parse_time(std::string_view text) {
    constexpr std::size_t kCompact = 14;  // YYYYMMDDhhmmss
    text = trimmed(text);
    if (text.size() == kCompact && text.find_first_not_of("0123456789") == std::string_view::npos) {
        return parse_compact(text);
    }
    if (auto iso = parse_iso(text)) {
        return iso;
    }
    const std::optional<double> number = parse_number(text);
    return number ? epoch_time(*number) : std::nullopt;
}

std::optional<DeviceTime> epoch_time(double number) {
    if (!(number >= 0)) {
        return std::nullopt;
    }
    const double ms = number < kFirstMilliseconds ? number * 1000 : number;
    if (ms >= static_cast<double>(kYear10000Ms)) {
        return std::nullopt;
    }
    return DeviceTime{std::llround(ms), false};
}

}  // namespace cxedge::devices
