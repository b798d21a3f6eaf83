// SPDX-License-Identifier: Apache-2.0
// Buttons on GPIO lines: from edges to presses. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_devices/gpio_lines.hpp"

namespace cxedge::plugins {

struct GpioButtonSettings {
    std::string chip;           // empty: no buttons on lines
    std::vector<double> lines;  // the first is the lowest value of the scale
    std::string bias = "pull_up";
    bool active_low = true;
    std::chrono::milliseconds debounce{300};
    std::chrono::milliseconds stuck{30'000};
};

class GpioButtons {
public:
    struct Callbacks {
        std::function<void(std::size_t button, SteadyTime at)> press;
        std::function<void(bool stuck)> stick;
        std::function<void(std::string_view problem)> problem;  // empty: well again
    };
    GpioButtons(
        Host& host, GpioButtonSettings settings, devices::MakeGpioChip make, Callbacks callbacks
    );

    // unavailable: no chip, no line, or somebody else has it.
    Status open();
    // Every second: buttons that stick, lines that were lost.
    void tick();
    // The chip went away, and tick() did not find it again yet.
    [[nodiscard]] bool is_lost() const { return is_lost_; }

private:
    struct Button {
        bool active = false;
        std::optional<SteadyTime> since;    // its last edge, or active since the start
        std::optional<SteadyTime> pressed;  // last press that counted
    };
    Status watch();
    void edge(const devices::GpioEdge& edge);

    Host& host_;
    GpioButtonSettings settings_;
    devices::MakeGpioChip make_;
    Callbacks callbacks_;
    std::unique_ptr<devices::GpioChip> chip_;
    bool is_lost_ = false;
    bool is_stuck_ = false;
    std::vector<Button> buttons_;
};

}  // namespace cxedge::plugins
