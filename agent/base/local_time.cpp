// SPDX-License-Identifier: Apache-2.0
#include "agent/base/local_time.hpp"

#include <ctime>

namespace cxedge {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr int number_of(char tens, char ones) {
    return (tens - '0') * 10 + (ones - '0');
}

// That time on the calendar day `days` after the one of `today`; mktime normalises both.
std::time_t time_on(const std::tm& today, int days, std::chrono::minutes time_of_day) {
    std::tm wanted{};
    wanted.tm_year = today.tm_year;
    wanted.tm_mon = today.tm_mon;
    wanted.tm_mday = today.tm_mday + days;
    wanted.tm_hour = static_cast<int>(time_of_day.count() / 60);
    wanted.tm_min = static_cast<int>(time_of_day.count() % 60);
    wanted.tm_isdst = -1;  // whatever holds then
    return ::mktime(&wanted);
}

}  // namespace

WallTime next_local_time(WallTime after, std::chrono::minutes time_of_day) {
    const auto now = static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(after).time_since_epoch().count()
    );
    std::tm today{};
    ::localtime_r(&now, &today);
    for (int days = 0; days <= 2; ++days) {
        const auto then = from_unix_ms(std::int64_t{time_on(today, days, time_of_day)} * 1000);
        if (then > after) {
            return then;
        }
    }
    return after + std::chrono::hours(24);  // beyond what the system's calendar can tell
}

Result<std::chrono::minutes> parse_time_of_day(std::string_view text) {
    const bool shaped = text.size() == 5 && text[2] == ':' && is_digit(text[0]) &&
                        is_digit(text[1]) && is_digit(text[3]) && is_digit(text[4]);
    if (!shaped || number_of(text[0], text[1]) > 23 || number_of(text[3], text[4]) > 59) {
        return invalid_argument("must be a time of day like 04:00, not " + std::string(text));
    }
    return std::chrono::minutes(number_of(text[0], text[1]) * 60 + number_of(text[3], text[4]));
}

}  // namespace cxedge
