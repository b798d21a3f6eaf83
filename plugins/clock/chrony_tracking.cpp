// SPDX-License-Identifier: Apache-2.0
#include "plugins/clock/chrony_tracking.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "agent/base/printable.hpp"

namespace cxedge::plugins {
namespace {

// In the order of its report (chronyc(1), tracking); the source comes twice, as a hexadecimal id
// and as text.
enum Field : std::size_t {
    field_reference_id,
    field_reference,
    field_stratum,
    field_reference_time,
    field_system_time,
    field_last_offset,
    field_rms_offset,
    field_frequency,
    field_residual_frequency,
    field_skew,
    field_root_delay,
    field_root_dispersion,
    field_update_interval,
    field_leap_status,
    field_count,
};

constexpr int kMostStratum = 16;  // RFC 5905 7.3: unsynchronised
// chronyd serves its own time and calls that normal (chrony.conf(5), local).
constexpr std::string_view kLocalReference = "7F7F0101";
constexpr double kLongestOffset = 1e9;  // 30 years
constexpr std::size_t kLongestName = 64;

using Fields = std::array<std::string_view, field_count>;

std::optional<Fields> split_fields(std::string_view line) {
    Fields fields;
    for (std::size_t i = 0; i < field_count; ++i) {
        const std::size_t comma = line.find(',');
        const bool last = i + 1 == field_count;
        if ((comma == std::string_view::npos) != last) {
            return std::nullopt;
        }
        fields[i] = line.substr(0, comma);
        line.remove_prefix(last ? line.size() : comma + 1);
    }
    return fields;
}

std::optional<double> number_in(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    const bool sane = whole && std::isfinite(value) && std::abs(value) <= kLongestOffset;
    return sane ? std::optional(value) : std::nullopt;
}

}  // namespace

double ChronyTracking::bound_s() const {
    return std::abs(offset_s) + root_dispersion_s + root_delay_s / 2;
}

std::optional<ChronyTracking> parse_chrony_tracking(std::string_view output) {
    std::string_view line = output.substr(0, output.find('\n'));
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    const std::optional<Fields> fields = split_fields(line);
    if (!fields) {
        return std::nullopt;
    }
    const auto stratum = number_in((*fields)[field_stratum]);
    const auto behind = number_in((*fields)[field_system_time]);
    const auto frequency = number_in((*fields)[field_frequency]);
    const auto delay = number_in((*fields)[field_root_delay]);
    const auto dispersion = number_in((*fields)[field_root_dispersion]);
    if (!stratum || !behind || !frequency || !delay || !dispersion || *stratum < 0 ||
        *stratum > kMostStratum || *delay < 0 || *dispersion < 0) {
        return std::nullopt;
    }
    ChronyTracking tracking;
    tracking.reference = printable((*fields)[field_reference], kLongestName);
    tracking.stratum = static_cast<int>(*stratum);
    tracking.offset_s = *behind == 0 ? 0 : -*behind;  // chronyc: above 0 the clock is slow
    tracking.frequency_ppm = *frequency;
    tracking.root_delay_s = *delay;
    tracking.root_dispersion_s = *dispersion;
    tracking.synchronised = tracking.stratum > 0 && tracking.stratum < kMostStratum &&
                            (*fields)[field_reference_id] != kLocalReference &&
                            (*fields)[field_leap_status] != "Not synchronised";
    return tracking;
}

}  // namespace cxedge::plugins
