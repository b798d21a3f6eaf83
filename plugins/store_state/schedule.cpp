// SPDX-License-Identifier: Apache-2.0
#include "plugins/store_state/schedule.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/core.h>

#include "agent/base/local_time.hpp"

namespace cxedge::plugins {
namespace {

using std::chrono::minutes;

constexpr minutes kDay{24 * 60};
constexpr std::int64_t kSecondsOfDay = 86'400;
constexpr std::int64_t kTwoWeeks = 14;
constexpr std::array<std::string_view, 7> kWeekdays{
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view kBlanks = " \t";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = std::min(text.find(separator), text.size());
        parts.push_back(without_blanks(text.substr(0, end)));
        if (end == text.size()) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

Result<OpeningSpan> parse_span(std::string_view text) {
    const std::vector<std::string_view> ends = parts_of(text, '-');
    if (ends.size() != 2) {
        return invalid_argument("must be hours like 09:00-20:00, or closed");
    }
    const auto from = parse_time_of_day(ends[0]);
    const auto to = ends[1] == "24:00" ? Result<minutes>(kDay) : parse_time_of_day(ends[1]);
    if (!from || !to) {
        return from ? to.error() : from.error();
    }
    if (*from == *to) {
        return invalid_argument("begins when it ends; all day is 00:00-24:00");
    }
    return OpeningSpan{*from, *to > *from ? *to : *to + kDay};
}

std::optional<int> weekday_of(std::string_view name) {
    const auto* const found = std::find(kWeekdays.begin(), kWeekdays.end(), name);
    return found != kWeekdays.end() ? std::optional(static_cast<int>(found - kWeekdays.begin()))
                                    : std::nullopt;
}

void add_weekdays(int first, int last, std::vector<int>& days) {
    for (int day = first; day != last; day = (day + 1) % 7) {
        days.push_back(day);
    }
    days.push_back(last);
}

// 1970-01-01 was a Thursday.
int weekday_of_day(std::int64_t day) {
    return static_cast<int>(((day + 3) % 7 + 7) % 7);
}

std::tm calendar(std::int64_t day) {
    const auto noon = static_cast<std::time_t>(day * kSecondsOfDay);
    std::tm date{};
    ::gmtime_r(&noon, &date);
    return date;
}

// When the clock on the wall shows that time of that day; mktime normalises what is beyond
// midnight, and takes a time that summer time leaves out as an hour later.
WallTime moment_on(std::int64_t day, minutes time) {
    std::tm date = calendar(day + time / kDay);
    const minutes of_day = time % kDay;
    date.tm_hour = static_cast<int>(of_day.count() / 60);
    date.tm_min = static_cast<int>(of_day.count() % 60);
    date.tm_isdst = -1;
    return from_unix_ms(std::int64_t{::mktime(&date)} * 1000);
}

std::tm shown_at(WallTime time) {
    const auto moment = static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()
    );
    std::tm shown{};
    ::localtime_r(&moment, &shown);
    return shown;
}

struct ExceptionSettings {
    std::string date;
    std::string until;
    std::string hours;
};

Schema<ExceptionSettings> exception_schema() {
    Schema<ExceptionSettings> schema;
    schema.text("date", &ExceptionSettings::date, "Day, like 2026-12-24").required();
    schema.text("until", &ExceptionSettings::until, "Last day, if there are several");
    schema.text("hours", &ExceptionSettings::hours, "Hours of these days, or closed").required();
    return schema;
}

void read_exception(const SettingsNode& node, SettingsProblems& problems, OpeningHours& opening) {
    constexpr const char* kPath = "schedule.exception";
    const bool was_well = problems.empty();
    const ExceptionSettings said = exception_schema().read(node, problems, kPath);
    if (was_well && !problems.empty()) {
        return;
    }
    const auto first = parse_calendar_day(said.date);
    const auto last = said.until.empty() ? first : parse_calendar_day(said.until);
    const auto hours = parse_opening_hours(said.hours);
    if (!first || !last || !hours) {
        const Error& error = !first ? first.error() : !last ? last.error() : hours.error();
        problems.add(node.position, kPath, error.message);
        return;
    }
    if (*last < *first || *last > *first + 366) {
        problems.add(node.position, kPath, "must end after it begins, within a year");
        return;
    }
    for (std::int64_t day = *first; day <= *last; ++day) {
        opening.set_day(day, *hours);
    }
}

void read_week(const SettingsMember& member, SettingsProblems& problems, OpeningHours& opening) {
    const std::string path = "schedule." + member.key;
    const auto days = parse_weekdays(member.key);
    const auto* const text = std::get_if<std::string>(&member.node.value);
    if (!days) {
        problems.add(member.node.position, path, days.error().message);
        return;
    }
    const auto hours = text != nullptr ? parse_opening_hours(*text)
                                       : Result<OpeningDay>(invalid_argument("must be a text"));
    if (!hours) {
        problems.add(member.node.position, path, hours.error().message);
        return;
    }
    for (const int day : *days) {
        opening.set_weekday(day, *hours);
    }
}

// Joined with the one before if they touch; summer time can leave nothing of it.
void append_span(std::vector<OpeningHours::Span>& spans, const OpeningHours::Span& next) {
    if (!spans.empty() && next.from <= spans.back().to) {
        spans.back().to = std::max(spans.back().to, next.to);
    } else if (next.from < next.to) {
        spans.push_back(next);
    }
}

}  // namespace

Result<OpeningDay> parse_opening_hours(std::string_view text) {
    OpeningDay day;
    if (without_blanks(text) == "closed") {
        return day;
    }
    for (const std::string_view part : parts_of(text, ',')) {
        const Result<OpeningSpan> span = parse_span(part);
        if (!span) {
            return span.error();
        }
        day.push_back(*span);
    }
    std::sort(day.begin(), day.end());
    for (std::size_t i = 1; i < day.size(); ++i) {
        if (day[i].from < day[i - 1].to) {
            return invalid_argument("has hours that overlap");
        }
    }
    return day;
}

Result<std::vector<int>> parse_weekdays(std::string_view text) {
    std::vector<int> days;
    for (const std::string_view part : parts_of(text, ',')) {
        const std::vector<std::string_view> ends = parts_of(part, '-');
        const std::optional<int> first = weekday_of(ends.front());
        const std::optional<int> last = weekday_of(ends.back());
        if (!first || !last || ends.size() > 2) {
            return invalid_argument("is no day: mon, tue, wed, thu, fri, sat, sun, mon-fri");
        }
        add_weekdays(*first, *last, days);
    }
    return days;
}

Result<std::int64_t> parse_calendar_day(std::string_view text) {
    std::tm date{};
    const std::string copy(text);
    const char* const end = ::strptime(copy.c_str(), "%Y-%m-%d", &date);
    if (text.size() != 10 || end == nullptr || *end != '\0') {
        return invalid_argument("must be a day like 2026-12-24");
    }
    const std::int64_t day = std::int64_t{::timegm(&date)} / kSecondsOfDay;
    if (day_text(day) != copy) {
        return invalid_argument("must be a day of the calendar");
    }
    return day;
}

std::int64_t local_day(WallTime time) {
    std::tm shown = shown_at(time);
    shown.tm_hour = 12;
    return std::int64_t{::timegm(&shown)} / kSecondsOfDay;
}

minutes local_time_of_day(WallTime time) {
    const std::tm shown = shown_at(time);
    return minutes(shown.tm_hour * 60 + shown.tm_min);
}

std::string day_text(std::int64_t day) {
    const std::tm date = calendar(day);
    return fmt::format("{:04}-{:02}-{:02}", date.tm_year + 1900, date.tm_mon + 1, date.tm_mday);
}

void OpeningHours::set_weekday(int weekday, OpeningDay hours) {
    week_.at(static_cast<std::size_t>(weekday)) = std::move(hours);
    is_given_ = true;
}

void OpeningHours::set_day(std::int64_t day, OpeningDay hours) {
    days_.insert_or_assign(day, std::move(hours));
    is_given_ = true;
}

const OpeningDay& OpeningHours::hours_of(std::int64_t day) const {
    const auto special = days_.find(day);
    return special != days_.end() ? special->second
                                  : week_.at(static_cast<std::size_t>(weekday_of_day(day)));
}

std::vector<OpeningHours::Span> OpeningHours::spans(std::int64_t first, std::int64_t last) const {
    std::vector<Span> spans;
    for (std::int64_t day = first; day <= last; ++day) {
        for (const OpeningSpan& span : hours_of(day)) {
            append_span(spans, {moment_on(day, span.from), moment_on(day, span.to), day});
        }
    }
    return spans;
}

std::optional<OpeningHours::Span> OpeningHours::now(WallTime time) const {
    const std::int64_t day = local_day(time);
    for (const Span& span : spans(day - 2, day + 2)) {
        if (span.from <= time && time < span.to) {
            return span;
        }
    }
    return std::nullopt;
}

std::optional<OpeningHours::Span> OpeningHours::before(WallTime time) const {
    const std::int64_t day = local_day(time);
    std::optional<Span> last;
    for (const Span& span : spans(day - kTwoWeeks, day)) {
        last = span.to <= time ? std::optional(span) : last;
    }
    return last;
}

std::optional<OpeningHours::Span> OpeningHours::after(WallTime time) const {
    const std::int64_t day = local_day(time);
    for (const Span& span : spans(day - 1, day + kTwoWeeks)) {
        if (span.from > time) {
            return span;
        }
    }
    return std::nullopt;
}

OpeningHours read_opening_hours(const SettingsNode& node, SettingsProblems& problems) {
    OpeningHours opening;
    if (node.table() == nullptr) {
        problems.add(node.position, "schedule", "must be a table of days and hours");
        return opening;
    }
    for (const SettingsMember& member : *node.table()) {
        if (member.key != "exception") {
            read_week(member, problems, opening);
            continue;
        }
        if (member.node.list() == nullptr) {
            problems.add(member.node.position, "schedule.exception", "must be a list of tables");
            continue;
        }
        for (const SettingsNode& item : *member.node.list()) {
            read_exception(item, problems, opening);
        }
    }
    return opening;
}

}  // namespace cxedge::plugins
