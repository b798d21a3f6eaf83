// SPDX-License-Identifier: Apache-2.0
#include "plugins/box/proc_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace cxedge::plugins {
namespace {

std::string_view skip_spaces(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t");
    return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

// Takes a number off the front of `text`.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
    text = skip_spaces(text);
    Number number{};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return number;
}

// What follows `label` at the beginning of a line.
std::optional<std::string_view> after_label(std::string_view text, std::string_view label) {
    while (!text.empty()) {
        if (text.substr(0, label.size()) == label) {
            return text.substr(label.size());
        }
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::nullopt;
}

std::optional<double> kibibytes(std::string_view text, std::string_view label) {
    std::optional<std::string_view> rest = after_label(text, label);
    if (!rest) {
        return std::nullopt;
    }
    const std::optional<std::uint64_t> number = take_number<std::uint64_t>(*rest);
    return number ? std::optional(static_cast<double>(*number) * 1024) : std::nullopt;
}

}  // namespace

std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat) {
    std::optional<std::string_view> rest = after_label(proc_stat, "cpu ");
    if (!rest) {
        return std::nullopt;
    }
    // user nice system idle iowait irq softirq steal; guest times after them are part of user and
    // nice.
    constexpr std::size_t kFields = 8;
    constexpr std::size_t kIdle = 3;
    constexpr std::size_t kIoWait = 4;
    std::array<std::uint64_t, kFields> fields{};
    for (std::uint64_t& field : fields) {
        const std::optional<std::uint64_t> number = take_number<std::uint64_t>(*rest);
        if (!number) {
            return std::nullopt;
        }
        field = *number;
    }
    CpuTimes times;
    for (const std::uint64_t field : fields) {
        times.total += field;
    }
    times.busy = times.total - fields[kIdle] - fields[kIoWait];
    return times;
}

std::optional<double> cpu_share(const CpuTimes& before, const CpuTimes& now) {
    // iowait is known to go back at times: then there is no honest number for this interval.
    if (now.total <= before.total || now.busy < before.busy ||
        now.busy - before.busy > now.total - before.total) {
        return std::nullopt;
    }
    return static_cast<double>(now.busy - before.busy) /
           static_cast<double>(now.total - before.total);
}

std::optional<Memory> parse_memory(std::string_view proc_meminfo) {
    const std::optional<double> total = kibibytes(proc_meminfo, "MemTotal:");
    const std::optional<double> available = kibibytes(proc_meminfo, "MemAvailable:");
    if (!total || !available || *available > *total) {
        return std::nullopt;
    }
    return Memory{*total, *available};
}

std::optional<double> first_number(std::string_view text) {
    const std::optional<double> number = take_number<double>(text);
    return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace cxedge::plugins
