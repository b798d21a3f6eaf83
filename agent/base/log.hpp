// SPDX-License-Identifier: Apache-2.0
// Log lines for a person at the box: "2026-11-22T10:00:00.123Z warn  statsd/apps: ...". Numbers
// that a machine should follow go to telemetry, not here. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::log {

enum class Level { debug, info, warn, error };

// Lines below `level` are dropped. Lines go to standard error; under systemd (JOURNAL_STREAM set)
// without the time stamp and with the <N> priority prefix of sd-daemon(3).
void set_level(Level level);
bool parse_level(std::string_view text, Level& level);

// The last lines of this process, oldest first, with their times; at most kRecentLines.
inline constexpr std::size_t kRecentLines = 100;
std::vector<std::string> recent();

void write(Level level, std::string_view component, std::string_view message);
inline void debug(std::string_view component, std::string_view message) {
    write(Level::debug, component, message);
}
inline void info(std::string_view component, std::string_view message) {
    write(Level::info, component, message);
}
inline void warn(std::string_view component, std::string_view message) {
    write(Level::warn, component, message);
}
inline void error(std::string_view component, std::string_view message) {
    write(Level::error, component, message);
}

}  // namespace cxedge::log
