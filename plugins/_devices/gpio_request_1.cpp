// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <fmt/core.h>
#include <gpiod.h>
#include <linux/gpio.h>
#include <poll.h>
#include <unistd.h>

#include "agent/base/freed.hpp"

#include "plugins/_devices/gpio_request.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kEdgesARead = 16;

int bias_flag(const std::string& bias) {
    if (bias == "pull_up") {
        return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
    }
    if (bias == "pull_down") {
        return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    }
    return bias == "disabled" ? GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE : 0;
}

int flags_of(const GpioLine& line) {
    const auto inverted = line.active_low ? unsigned{GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW} : 0U;
    return static_cast<int>(inverted | static_cast<unsigned>(bias_flag(line.bias)));
}

// As the kernel writes it. libgpiod would make a timespec of it, which in a library of Debian 12
// armhf has other bits than ours (cross/README.md).
GpioEdge edge_of(std::size_t line, const gpioevent_data& event) {
    return {
        line,
        event.id == GPIOEVENT_EVENT_RISING_EDGE,
        std::chrono::nanoseconds(static_cast<std::int64_t>(event.timestamp))};
}

// One descriptor a line.
class Request1 final : public GpioRequest {
public:
    explicit Request1(std::string chip)
        : name_(std::move(chip)), chip_(::gpiod_chip_open_lookup(name_.c_str())) {}

    Status take(const std::vector<GpioLine>& lines) {
        if (!chip_) {
            return system_error("GPIO chip " + name_, errno);
        }
        for (const GpioLine& line : lines) {
            if (Status taken = take(line); !taken) {
                return taken;
            }
        }
        return {};
    }

    [[nodiscard]] std::vector<int> descriptors() const override {
        std::vector<int> descriptors;
        for (gpiod_line* const line : lines_) {
            descriptors.push_back(::gpiod_line_event_get_fd(line));
        }
        return descriptors;
    }

    [[nodiscard]] Result<std::vector<bool>> levels() const override {
        std::vector<bool> levels;
        for (gpiod_line* const line : lines_) {
            const int value = ::gpiod_line_get_value(line);
            if (value < 0) {
                return system_error(name_, errno);
            }
            levels.push_back(value != 0);
        }
        return levels;
    }

    Result<bool> read(std::vector<GpioEdge>& edges) override {
        bool any = false;
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            pollfd waiting{::gpiod_line_event_get_fd(lines_[i]), POLLIN, 0};
            if (::poll(&waiting, 1, 0) <= 0) {
                continue;
            }
            if (Status got = read_line(i, waiting.fd, edges); !got) {
                return got.error();
            }
            any = true;
        }
        return any;
    }

private:
    Status take(const GpioLine& wanted) {
        gpiod_line* const line = ::gpiod_chip_get_line(chip_.get(), wanted.offset);
        if (line == nullptr) {
            return unavailable(fmt::format(
                "{} has no line {}: it has {}",
                name_,
                wanted.offset,
                ::gpiod_chip_num_lines(chip_.get())
            ));
        }
        if (::gpiod_line_request_both_edges_events_flags(line, "cxedge", flags_of(wanted)) != 0) {
            return system_error(fmt::format("{} line {}", name_, wanted.offset), errno);
        }
        lines_.push_back(line);
        return {};
    }

    Status read_line(std::size_t line, int descriptor, std::vector<GpioEdge>& edges) {
        std::array<gpioevent_data, kEdgesARead> events{};
        const ssize_t got = ::read(descriptor, events.data(), sizeof events);
        if (got < 0) {
            return system_error(name_, errno);
        }
        const std::size_t count = static_cast<std::size_t>(got) / sizeof events[0];
        for (std::size_t k = 0; k < count; ++k) {
            edges.push_back(edge_of(line, events[k]));
        }
        return {};
    }

    const std::string name_;
    // Closing the chip releases its lines.
    const std::unique_ptr<gpiod_chip, Freed<&::gpiod_chip_close>> chip_;
    std::vector<gpiod_line*> lines_;  // the chip's
};

}  // namespace

Result<std::unique_ptr<GpioRequest>> request_gpio(
    const std::string& chip, const std::vector<GpioLine>& lines
) {
    auto request = std::make_unique<Request1>(chip);
    if (Status taken = request->take(lines); !taken) {
        return taken.error();
    }
    return std::unique_ptr<GpioRequest>(std::move(request));
}

}  // namespace cxedge::devices
