// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/request_template.hpp"

#include <array>
#include <ctime>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

enum class Moment { now, today, from, to };

struct Word {
    std::string_view name;
    Moment moment;
    std::string_view usual;  // format where none is given
};

constexpr std::string_view kTime = "%Y-%m-%dT%H:%M:%S";
constexpr Word kTimeWords[] = {
    {"now", Moment::now, kTime},
    {"today", Moment::today, "%Y-%m-%d"},
    {"from", Moment::from, kTime},
    {"to", Moment::to, kTime}};

// Numbers only: names of days and months depend on a language.
constexpr std::string_view kConversions = "YmdHMSyjsFTz%";
constexpr std::size_t kLongestFormat = 64;

// One "{word}" or "{word:format}".
struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;  // behind the brace
    std::string_view name;
    std::string_view format;
};

bool is_small(char c) {
    return c >= 'a' && c <= 'z';
}

// The next one at or after `from`; what is in braces but no such thing is passed over.
std::optional<Place> next_place(std::string_view text, std::size_t from) {
    for (std::size_t at = text.find('{', from); at != std::string_view::npos;
         at = text.find('{', at + 1)) {
        std::size_t end = at + 1;
        while (end < text.size() && is_small(text[end])) {
            ++end;
        }
        const std::string_view name = text.substr(at + 1, end - at - 1);
        const std::size_t close = text.find_first_of("{}", end);
        const bool closed = close != std::string_view::npos && text[close] == '}';
        if (!name.empty() && closed && (close == end || text[end] == ':')) {
            const std::string_view format =
                close == end ? std::string_view() : text.substr(end + 1, close - end - 1);
            return Place{at, close + 1, name, format};
        }
    }
    return std::nullopt;
}

const Word* word_of(std::string_view name) {
    for (const Word& word : kTimeWords) {
        if (word.name == name) {
            return &word;
        }
    }
    return nullptr;
}

std::tm on_the_wall(std::time_t time) {
    std::tm shown{};
    ::localtime_r(&time, &shown);
    return shown;
}

std::time_t moment_of(Moment moment, WallTime now, const SearchPeriod& period) {
    const std::time_t now_s =
        std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (moment == Moment::now || moment == Moment::today) {
        return now_s;
    }
    const std::tm shown = on_the_wall(now_s);
    constexpr int kMinute = 60;
    const std::time_t of_day = (shown.tm_hour * kMinute + shown.tm_min) * kMinute + shown.tm_sec;
    const std::time_t to = now_s - of_day % period.align.count();
    return moment == Moment::to ? to : to - period.window.count();
}

std::string conversion(char letter, std::time_t time, const std::tm& shown) {
    if (letter == 's') {
        return std::to_string(time);
    }
    const std::array<char, 6> format{'{', ':', '%', letter, '}', '\0'};
    return fmt::format(fmt::runtime(format.data()), shown);
}

std::string shown_as(std::string_view format, std::time_t time) {
    const std::tm shown = on_the_wall(time);
    std::string out;
    for (std::size_t i = 0; i < format.size(); ++i) {
        const bool converts = format[i] == '%' && i + 1 < format.size();
        out += converts ? conversion(format[i + 1], time, shown) : std::string(1, format[i]);
        i += converts ? 1 : 0;
    }
    return out;
}

bool is_plain(char c) {
    constexpr std::string_view kPlain = "-_.~:,/";
    return is_small(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPlain.find(c) != std::string_view::npos;
}

std::string percent_encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += is_plain(c)
                   ? std::string(1, c)
                   : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return out;
}

template <class Encode>
std::string replaced(
    std::string_view text, WallTime now, const SearchPeriod& period, const Encode& encode
) {
    std::string out;
    std::size_t done = 0;
    for (auto place = next_place(text, 0); place; place = next_place(text, place->end)) {
        const Word* const word = word_of(place->name);
        if (word == nullptr) {
            continue;
        }
        out += text.substr(done, place->begin - done);
        out += encode(shown_as(
            place->format.empty() ? word->usual : place->format,
            moment_of(word->moment, now, period)
        ));
        done = place->end;
    }
    return out + std::string(text.substr(done));
}

bool is_format(std::string_view format) {
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] == '%' &&
            (++i == format.size() || kConversions.find(format[i]) == std::string_view::npos)) {
            return false;
        }
    }
    return format.size() <= kLongestFormat;
}

// What is wrong with it, or empty.
std::string check_place(const Place& place, bool all) {
    const bool is_time = word_of(place.name) != nullptr;
    if (!is_time && all) {
        return fmt::format("{{{}}} is not {{now}}, {{today}}, {{from}} or {{to}}", place.name);
    }
    if (is_time && !is_format(place.format)) {
        return fmt::format(
            "{{{}:...}}: a format has %Y %m %d %H %M %S %y %j %s %F %T %z", place.name
        );
    }
    return {};
}

}  // namespace

std::string fill_in(std::string_view text, WallTime now, const SearchPeriod& period) {
    return replaced(text, now, period, [](const std::string& value) { return value; });
}

std::string fill_in_url(std::string_view url, WallTime now, const SearchPeriod& period) {
    return replaced(url, now, period, percent_encoded);
}

std::string check_times(std::string_view text, bool all) {
    for (auto place = next_place(text, 0); place; place = next_place(text, place->end)) {
        if (std::string wrong = check_place(*place, all); !wrong.empty()) {
            return wrong;
        }
    }
    return {};
}

}  // namespace cxedge::plugins
