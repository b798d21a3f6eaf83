// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/quiet_hours.hpp"

#include <algorithm>
#include <ctime>

#include "agent/base/local_time.hpp"

namespace cxedge::probes {
namespace {

std::chrono::minutes local_minute(WallTime now) {
    const auto seconds = static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()
    );
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return std::chrono::minutes(local.tm_hour * 60 + local.tm_min);
}

bool within(const QuietHours& hours, std::chrono::minutes minute) {
    if (hours.from < hours.to) {
        return minute >= hours.from && minute < hours.to;
    }
    return minute >= hours.from || minute < hours.to;
}

}  // namespace

Result<QuietHours> parse_quiet_hours(const std::string& text) {
    const std::size_t dash = std::min(text.find('-'), text.size());
    const auto from = parse_time_of_day(text.substr(0, dash));
    const auto to = parse_time_of_day(dash < text.size() ? text.substr(dash + 1) : "");
    if (!from || !to) {
        return invalid_argument("must be like 02:00-04:00, not " + text);
    }
    if (*from == *to) {
        return invalid_argument(text + " begins when it ends");
    }
    return QuietHours{*from, *to};
}

bool is_quiet(const std::vector<QuietHours>& hours, WallTime now) {
    const std::chrono::minutes minute = hours.empty() ? std::chrono::minutes(0) : local_minute(now);
    return std::any_of(hours.begin(), hours.end(), [&](const QuietHours& each) {
        return within(each, minute);
    });
}

}  // namespace cxedge::probes
