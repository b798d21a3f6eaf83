// SPDX-License-Identifier: Apache-2.0
// Edges of GPIO lines, behind an interface: the kernel's character device (libgpiod), or a fake
// where there is none. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/plugin_api/host.hpp"

namespace cxedge::devices {

struct GpioLine {
    std::uint32_t offset = 0;
    bool active_low = false;
    std::string bias = "as_is";  // as_is, pull_up, pull_down, disabled
    auto operator<=>(const GpioLine&) const = default;
};

struct GpioEdge {
    std::size_t line = 0;  // index into the lines asked for
    bool active = false;   // the level after the edge
    // CLOCK_MONOTONIC when the kernel saw it.
    std::chrono::nanoseconds at{0};
};

class GpioChip {
public:
    using OnEdge = std::function<void(const GpioEdge& edge)>;
    // The chip or a line went away.
    using OnLost = std::function<void(const Error& error)>;

    virtual ~GpioChip() = default;
    // Watches both edges. unavailable: no such chip or line (yet), or somebody else has it.
    virtual Status watch(
        const std::vector<GpioLine>& lines, EventLoop& loop, OnEdge on_edge, OnLost on_lost
    ) = 0;
    // Levels now, in the order of the lines; none while nothing is watched.
    virtual Result<std::vector<bool>> levels() = 0;
};

// "/dev/gpiochip0" or its label.
std::unique_ptr<GpioChip> kernel_gpio_chip(const std::string& chip);
using MakeGpioChip = std::function<std::unique_ptr<GpioChip>(const std::string& chip)>;

}  // namespace cxedge::devices
