// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/exposition.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostLabels = 64;
constexpr std::size_t kMostFamilies = 50'000;

constexpr std::string_view kBlanks = " \t";

constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool is_name_char(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == ':';
}

void skip_blanks(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Empty: there is none.
std::string_view take_name(std::string_view& text) {
    if (text.empty() || !(is_letter(text.front()) || text.front() == ':')) {
        return {};
    }
    std::size_t end = 1;
    while (end < text.size() && is_name_char(text[end])) {
        ++end;
    }
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(end);
    return name;
}

std::string_view take_word(std::string_view& text) {
    skip_blanks(text);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

bool take(std::string_view& text, char c) {
    const bool there = text.starts_with(c);
    text.remove_prefix(there ? 1 : 0);
    return there;
}

// A value in quotes: \\, \" and \n are escaped, what is behind another backslash stays with it.
bool take_quoted(std::string_view& text, std::string& value) {
    if (!take(text, '"')) {
        return false;
    }
    while (!text.empty() && text.front() != '"') {
        const bool escaped = text.front() == '\\' && text.size() > 1;
        const char c = escaped ? text[1] : text.front();
        const bool known = c == 'n' || c == '\\' || c == '"';
        if (escaped && !known) {
            value += '\\';
        }
        value += escaped && c == 'n' ? '\n' : c;
        text.remove_prefix(escaped ? 2 : 1);
    }
    return take(text, '"');
}

using Labels = std::vector<std::pair<std::string, std::string>>;

// Behind the opening brace, up to and with the closing one.
bool take_labels(std::string_view& text, Labels& labels) {
    while (true) {
        skip_blanks(text);
        if (take(text, '}')) {
            return true;
        }
        const std::string_view name = take_name(text);
        skip_blanks(text);
        std::string value;
        const bool sound = !name.empty() && name.find(':') == std::string_view::npos &&
                           labels.size() < kMostLabels && take(text, '=');
        skip_blanks(text);
        if (!sound || !take_quoted(text, value)) {
            return false;
        }
        labels.emplace_back(name, std::move(value));
        skip_blanks(text);
        if (!take(text, ',') && !text.starts_with('}')) {
            return false;
        }
    }
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::optional<double> finite_number(std::string_view text) {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    // from_chars() also knows "inf" and "nan(...)": those are not for here.
    const bool digits = !text.empty() && text.find_first_of("iInN") == std::string_view::npos;
    return digits && read.ec == std::errc() && read.ptr == end ? std::optional(number)
                                                               : std::nullopt;
}

std::optional<double> number_of_text(std::string_view text) {
    const bool positive = text.starts_with('+');
    text.remove_prefix(positive ? 1 : 0);
    if (positive && text.starts_with('-')) {
        return std::nullopt;
    }
    const std::string word = lower_case(text);
    if (word == "nan") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (word == "inf" || word == "infinity") {
        return std::numeric_limits<double>::infinity();
    }
    if (word == "-inf" || word == "-infinity") {
        return -std::numeric_limits<double>::infinity();
    }
    return finite_number(text);
}

// 0.0.4: milliseconds; OpenMetrics: seconds.
std::optional<std::int64_t> time_of(std::string_view text, bool seconds) {
    constexpr double kLast = 253'402'300'799'000.0;  // year 9999
    constexpr double kMilliseconds = 1'000;
    const std::optional<double> number = finite_number(text);
    const double ms = number.value_or(-1) * (seconds ? kMilliseconds : 1);
    return ms >= 0 && ms <= kLast ? std::optional(std::llround(ms)) : std::nullopt;
}

FamilyType type_of_word(std::string_view word) {
    static const std::map<std::string_view, FamilyType> kTypes{
        {"counter", FamilyType::counter},
        {"gauge", FamilyType::gauge},
        {"histogram", FamilyType::histogram},
        {"gaugehistogram", FamilyType::gauge_histogram},
        {"summary", FamilyType::summary},
        {"info", FamilyType::info},
        {"stateset", FamilyType::states}};
    const auto found = kTypes.find(word);
    return found == kTypes.end() ? FamilyType::untyped : found->second;
}

bool has_label(const ExposedSample& sample, std::string_view name) {
    return std::any_of(sample.labels.begin(), sample.labels.end(), [&](const auto& label) {
        return label.first == name;
    });
}

std::string_view without_suffix(std::string_view name, std::string_view& suffix) {
    static constexpr std::string_view kSuffixes[] = {
        "_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info"};
    for (const std::string_view each : kSuffixes) {
        if (name.ends_with(each) && name.size() > each.size()) {
            suffix = each;
            return name.substr(0, name.size() - each.size());
        }
    }
    return name;
}

}  // namespace

ExpositionSummary Exposition::read(std::string_view text, const OnSample& on_sample) {
    ExpositionSummary summary;
    std::size_t line_number = 0;
    while (!text.empty() && !ended_) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        ++line_number;
        if (end == std::string_view::npos) {
            // Half a number is a number, too: a line without its end does not count.
            summary.truncated = line != "# EOF";
            ended_ = !summary.truncated;
            break;
        }
        text.remove_prefix(end + 1);
        const bool well = read_line(line, summary, on_sample);
        summary.bad_lines += well ? 0U : 1U;
        if (!well && summary.first_bad_line == 0) {
            summary.first_bad_line = line_number;
        }
    }
    summary.truncated = summary.truncated || (open_metrics_ && !ended_);
    return summary;
}

bool Exposition::read_line(
    std::string_view line, ExpositionSummary& summary, const OnSample& on_sample
) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    skip_blanks(line);
    if (line.starts_with('#')) {
        read_comment(line.substr(1));
        return true;
    }
    const bool is_sample = !line.empty() && read_sample(line, on_sample);
    summary.samples += is_sample ? 1U : 0U;
    return is_sample || line.empty();
}

void Exposition::read_comment(std::string_view line) {
    const std::string_view word = take_word(line);
    if (open_metrics_ && word == "EOF") {
        ended_ = true;
    }
    if (word != "TYPE") {
        return;  // HELP, UNIT (the agent's rules say units) and what people write
    }
    skip_blanks(line);
    const std::string_view name = take_name(line);
    const FamilyType type = type_of_word(take_word(line));
    if (!name.empty() && types_.size() < kMostFamilies) {
        types_.insert_or_assign(std::string(name), type);
    }
}

bool Exposition::read_sample(std::string_view line, const OnSample& on_sample) {
    const std::string_view whole = line;
    ExposedSample sample;
    sample.name = take_name(line);
    if (sample.name.empty()) {
        return false;
    }
    skip_blanks(line);
    if (take(line, '{') && !take_labels(line, sample.labels)) {
        return false;
    }
    sample.series_text = whole.substr(0, whole.size() - line.size());
    const std::optional<double> value = number_of_text(take_word(line));
    std::string_view rest = line;
    const std::string_view time = take_word(rest);
    const bool has_time = !time.empty() && time != "#";  // "#": an exemplar
    if (has_time) {
        sample.time_ms = time_of(time, open_metrics_);
        line = rest;
    }
    skip_blanks(line);
    const bool sound_end = line.empty() || (open_metrics_ && line.starts_with('#'));
    if (!value || (has_time && !sample.time_ms) || !sound_end) {
        return false;
    }
    sample.value = *value;
    if (classify(sample)) {
        on_sample(sample);
    }
    return true;
}

// The family is the name itself (0.0.4) or the name without a suffix (OpenMetrics; parts of
// histograms and summaries in both). False: it only says when its series began.
bool Exposition::classify(ExposedSample& sample) const {
    std::string_view suffix;
    const std::string_view base = without_suffix(sample.name, suffix);
    auto family = types_.find(sample.name);
    if (family == types_.end() && !suffix.empty()) {
        family = types_.find(base);
    } else {
        suffix = suffix == "_total" ? suffix : std::string_view();
    }
    sample.type = family == types_.end() ? FamilyType::untyped : family->second;
    const bool part = suffix == "_bucket" || suffix == "_count" || suffix == "_sum";
    switch (sample.type) {
        case FamilyType::counter:
            sample.cumulative = true;
            break;
        case FamilyType::histogram:
            sample.cumulative = part;
            break;
        case FamilyType::summary:
            sample.cumulative = part && !has_label(sample, "quantile");
            break;
        case FamilyType::untyped:
            sample.cumulative = sample.name.ends_with("_total");
            break;
        default:
            sample.cumulative = false;
    }
    return suffix != "_created" || sample.type == FamilyType::untyped;
}

}  // namespace cxedge::plugins
