// SPDX-License-Identifier: Apache-2.0
// A serial line (termios): opened for this process alone, raw. Thread: the loop's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::plugins {

struct LineSettings {
    std::string port;
    std::int64_t baud = 9'600;
    std::int64_t data_bits = 8;
    std::string parity = "none";  // none, even, odd, mark, space
    std::int64_t stop_bits = 1;
    std::string flow = "none";  // none, rtscts, xonxoff
};

// For init(): 50 to 4,000,000, those that termios knows.
bool is_standard_baud(std::int64_t baud);

// unavailable: it is not there (yet), somebody else has it, or it may not be opened;
// invalid_argument: it is no serial line, or cannot be set so.
Result<UniqueFd> open_serial_port(const LineSettings& settings);

// Forgets what came until now.
void drop_input(const UniqueFd& port);

}  // namespace cxedge::plugins
