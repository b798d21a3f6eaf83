// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/gpio_lines.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <gpiod.h>
#include <linux/gpio.h>
#include <poll.h>
#include <unistd.h>

namespace cxedge::devices {
namespace {

constexpr std::size_t kEdgesARead = 16;
constexpr int kReadsAWake = 16;  // then others on the loop get their turn

struct CloseChip {
    void operator()(gpiod_chip* chip) const { ::gpiod_chip_close(chip); }
};

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

// One descriptor a line: what they say together is put in the order of time.
class KernelGpioChip final : public GpioChip {
public:
    explicit KernelGpioChip(std::string chip) : name_(std::move(chip)) {}

    Status watch(
        const std::vector<GpioLine>& lines, EventLoop& loop, OnEdge on_edge, OnLost on_lost
    ) override {
        close();
        if (Status opened = open(lines); !opened) {
            close();
            return opened;
        }
        on_edge_ = std::move(on_edge);
        on_lost_ = std::move(on_lost);
        for (gpiod_line* const line : lines_) {
            readable_.push_back(loop.when_readable(::gpiod_line_event_get_fd(line), [this] {
                drain();
            }));
        }
        return {};
    }

    Result<std::vector<bool>> levels() override {
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

private:
    Status open(const std::vector<GpioLine>& lines) {
        chip_.reset(::gpiod_chip_open_lookup(name_.c_str()));
        if (!chip_) {
            return system_error("GPIO chip " + name_, errno);
        }
        for (const GpioLine& line : lines) {
            if (Status taken = request(line); !taken) {
                return taken;
            }
        }
        return {};
    }

    Status request(const GpioLine& wanted) {
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

    void drain() {
        std::vector<GpioEdge> edges;
        std::optional<Error> lost;
        for (int i = 0; i < kReadsAWake && !lost && read_ready(edges, lost); ++i) {
        }
        std::stable_sort(edges.begin(), edges.end(), [](const auto& a, const auto& b) {
            return a.at < b.at;
        });
        // A callee may put an end to this object.
        const OnEdge on_edge = on_edge_;
        const OnLost on_lost = on_lost_;
        const std::weak_ptr<const bool> alive = alive_;
        for (const GpioEdge& edge : edges) {
            if (!alive.expired()) {
                on_edge(edge);
            }
        }
        if (lost && !alive.expired()) {
            close();
            on_lost(*lost);
        }
    }

    // True: some line had something to say.
    bool read_ready(std::vector<GpioEdge>& edges, std::optional<Error>& lost) {
        bool any = false;
        for (std::size_t i = 0; i < lines_.size() && !lost; ++i) {
            pollfd waiting{::gpiod_line_event_get_fd(lines_[i]), POLLIN, 0};
            if (::poll(&waiting, 1, 0) <= 0) {
                continue;
            }
            std::array<gpioevent_data, kEdgesARead> events{};
            const ssize_t got = ::read(waiting.fd, events.data(), sizeof events);
            if (got < 0) {
                lost = system_error(name_, errno);
            }
            const std::size_t count =
                got < 0 ? 0 : static_cast<std::size_t>(got) / sizeof events[0];
            for (std::size_t k = 0; k < count; ++k) {
                edges.push_back(edge_of(i, events[k]));
            }
            any = true;
        }
        return any;
    }

    // Closing the chip releases its lines.
    void close() {
        readable_.clear();
        lines_.clear();
        chip_.reset();
    }

    const std::string name_;
    std::unique_ptr<gpiod_chip, CloseChip> chip_;
    std::vector<gpiod_line*> lines_;  // the chip's
    std::vector<LoopHandle> readable_;
    OnEdge on_edge_;
    OnLost on_lost_;
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace

std::unique_ptr<GpioChip> kernel_gpio_chip(const std::string& chip) {
    return std::make_unique<KernelGpioChip>(chip);
}

}  // namespace cxedge::devices
