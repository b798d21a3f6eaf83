// SPDX-License-Identifier: Apache-2.0
// GPIO lines that libgpiod holds for us. Its two versions share nothing but the name:
// gpio_request_1.cpp is for 1.6 (Debian 12), gpio_request_2.cpp for 2 (Debian 13); CMake takes the
// one that fits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/_devices/gpio_lines.hpp"

namespace cxedge::devices {

// Thread: the loop's.
class GpioRequest {
public:
    virtual ~GpioRequest() = default;
    // Readable when there are edges.
    [[nodiscard]] virtual std::vector<int> descriptors() const = 0;
    [[nodiscard]] virtual Result<std::vector<bool>> levels() const = 0;
    // Adds a few of the edges that wait, in any order; never blocks. False: none waited.
    virtual Result<bool> read(std::vector<GpioEdge>& edges) = 0;
};

// Errors: GpioChip::watch().
Result<std::unique_ptr<GpioRequest>> request_gpio(
    const std::string& chip, const std::vector<GpioLine>& lines
);

}  // namespace cxedge::devices
