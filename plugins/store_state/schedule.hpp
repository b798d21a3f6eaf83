// SPDX-License-Identifier: Apache-2.0
// Opening hours: weekly, with days that differ, in the time zone of the box. Pure but for that.
// Thread: any.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/base/settings.hpp"

namespace cxedge::plugins {

// From `from` to `to` minutes after midnight; `to` may be of the next day (above 24 h).
struct OpeningSpan {
    std::chrono::minutes from{0};
    std::chrono::minutes to{0};
    auto operator<=>(const OpeningSpan&) const = default;
};
using OpeningDay = std::vector<OpeningSpan>;  // sorted, without overlap

// "09:00-20:00", "09:00-12:30, 14:00-20:00", "20:00-02:00" (ends on the next day), "00:00-24:00",
// "closed". invalid_argument: anything else.
Result<OpeningDay> parse_opening_hours(std::string_view text);
// "mon", "mon-fri", "sat-mon", "mon, wed, fri": 0 is Monday.
Result<std::vector<int>> parse_weekdays(std::string_view text);
// "2026-12-24" as days since 1970.
Result<std::int64_t> parse_calendar_day(std::string_view text);

class OpeningHours {
public:
    struct Span {
        WallTime from;
        WallTime to;
        std::int64_t day = 0;  // that it begins on, days since 1970
    };

    // Neither a week nor an exception: nobody knows.
    [[nodiscard]] bool is_given() const { return is_given_; }
    void set_weekday(int weekday, OpeningDay hours);
    void set_day(std::int64_t day, OpeningDay hours);

    // The span that holds `time`; spans that meet (until midnight, from midnight on) are one.
    [[nodiscard]] std::optional<Span> now(WallTime time) const;
    // The last span that ended at `time` or before, of the last two weeks.
    [[nodiscard]] std::optional<Span> before(WallTime time) const;
    // The next span that begins after `time`, within two weeks.
    [[nodiscard]] std::optional<Span> after(WallTime time) const;

private:
    [[nodiscard]] const OpeningDay& hours_of(std::int64_t day) const;
    [[nodiscard]] std::vector<Span> spans(std::int64_t first, std::int64_t last) const;

    std::array<OpeningDay, 7> week_;
    std::map<std::int64_t, OpeningDay> days_;
    bool is_given_ = false;
};

// Calendar day on the wall at `time`, days since 1970.
std::int64_t local_day(WallTime time);
// Minutes since midnight on the wall at `time`.
std::chrono::minutes local_time_of_day(WallTime time);
std::string day_text(std::int64_t day);  // "2026-12-24"

// `[source.schedule]`: weekdays = hours, `exception` = list of {date, until, hours}.
OpeningHours read_opening_hours(const SettingsNode& node, SettingsProblems& problems);

}  // namespace cxedge::plugins
