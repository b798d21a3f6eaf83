// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <gpiod.h>

#include "agent/base/freed.hpp"

#include "plugins/_devices/gpio_request.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kEdgesARead = 64;

using Chip = std::unique_ptr<gpiod_chip, Freed<&::gpiod_chip_close>>;
using ChipInfo = std::unique_ptr<gpiod_chip_info, Freed<&::gpiod_chip_info_free>>;
using LineSettings = std::unique_ptr<gpiod_line_settings, Freed<&::gpiod_line_settings_free>>;
using LineConfig = std::unique_ptr<gpiod_line_config, Freed<&::gpiod_line_config_free>>;
using RequestConfig = std::unique_ptr<gpiod_request_config, Freed<&::gpiod_request_config_free>>;
using LineRequest = std::unique_ptr<gpiod_line_request, Freed<&::gpiod_line_request_release>>;
using EdgeBuffer = std::unique_ptr<gpiod_edge_event_buffer, Freed<&::gpiod_edge_event_buffer_free>>;

gpiod_line_bias bias_of(const std::string& bias) {
    if (bias == "pull_up") {
        return GPIOD_LINE_BIAS_PULL_UP;
    }
    if (bias == "pull_down") {
        return GPIOD_LINE_BIAS_PULL_DOWN;
    }
    return bias == "disabled" ? GPIOD_LINE_BIAS_DISABLED : GPIOD_LINE_BIAS_AS_IS;
}

Chip open_path(const std::string& path) {
    return Chip(::gpiod_chip_open(path.c_str()));
}

Chip open_label(std::string_view label) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/dev", none)) {
        if (!::gpiod_is_gpiochip_device(entry.path().c_str())) {
            continue;
        }
        Chip chip = open_path(entry.path());
        const ChipInfo info(chip ? ::gpiod_chip_get_info(chip.get()) : nullptr);
        if (info && label == ::gpiod_chip_info_get_label(info.get())) {
            return chip;
        }
    }
    errno = ENOENT;
    return {};
}

// What 1.6 takes: a path, a name, a number or a label.
Chip open_chip(const std::string& chip) {
    if (chip.find('/') != std::string::npos) {
        return open_path(chip);
    }
    for (const std::string& path : {"/dev/" + chip, "/dev/gpiochip" + chip}) {
        if (::gpiod_is_gpiochip_device(path.c_str())) {
            return open_path(path);
        }
    }
    return open_label(chip);
}

Result<LineConfig> config_of(const std::vector<GpioLine>& lines) {
    LineConfig config(::gpiod_line_config_new());
    const LineSettings settings(::gpiod_line_settings_new());
    if (!config || !settings) {
        return system_error("GPIO lines", errno);
    }
    for (const GpioLine& line : lines) {
        ::gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_INPUT);
        ::gpiod_line_settings_set_edge_detection(settings.get(), GPIOD_LINE_EDGE_BOTH);
        ::gpiod_line_settings_set_bias(settings.get(), bias_of(line.bias));
        ::gpiod_line_settings_set_active_low(settings.get(), line.active_low);
        const unsigned offset = line.offset;
        if (::gpiod_line_config_add_line_settings(config.get(), &offset, 1, settings.get()) != 0) {
            return system_error(fmt::format("line {}", offset), errno);
        }
    }
    return config;
}

Status check_offsets(
    const std::string& name, gpiod_chip& chip, const std::vector<GpioLine>& lines
) {
    const ChipInfo info(::gpiod_chip_get_info(&chip));
    if (!info) {
        return system_error(name, errno);
    }
    const std::size_t has = ::gpiod_chip_info_get_num_lines(info.get());
    for (const GpioLine& line : lines) {
        if (line.offset >= has) {
            return unavailable(fmt::format("{} has no line {}: it has {}", name, line.offset, has));
        }
    }
    return {};
}

// One descriptor for all lines.
class Request2 final : public GpioRequest {
public:
    Request2(std::string chip, const std::vector<GpioLine>& lines) : name_(std::move(chip)) {
        for (const GpioLine& line : lines) {
            offsets_.push_back(line.offset);
        }
    }

    Status take(const std::vector<GpioLine>& lines) {
        const Chip chip = open_chip(name_);
        if (!chip) {
            return system_error("GPIO chip " + name_, errno);
        }
        if (Status there = check_offsets(name_, *chip, lines); !there) {
            return there;
        }
        const auto config = config_of(lines);
        const RequestConfig request(::gpiod_request_config_new());
        if (!config || !request || !buffer_) {
            return config ? system_error(name_, errno) : config.error();
        }
        ::gpiod_request_config_set_consumer(request.get(), "cxedge");
        lines_.reset(::gpiod_chip_request_lines(chip.get(), request.get(), config->get()));
        return lines_ ? Status() : system_error(name_, errno);
    }

    [[nodiscard]] std::vector<int> descriptors() const override {
        return {::gpiod_line_request_get_fd(lines_.get())};
    }

    [[nodiscard]] Result<std::vector<bool>> levels() const override {
        std::vector<gpiod_line_value> values(offsets_.size());
        if (::gpiod_line_request_get_values_subset(
                lines_.get(), offsets_.size(), offsets_.data(), values.data()
            ) != 0) {
            return system_error(name_, errno);
        }
        std::vector<bool> levels;
        for (const gpiod_line_value value : values) {
            levels.push_back(value == GPIOD_LINE_VALUE_ACTIVE);
        }
        return levels;
    }

    Result<bool> read(std::vector<GpioEdge>& edges) override {
        const int waiting = ::gpiod_line_request_wait_edge_events(lines_.get(), 0);
        if (waiting == 0) {
            return false;
        }
        const int got =
            waiting < 0
                ? -1
                : ::gpiod_line_request_read_edge_events(lines_.get(), buffer_.get(), kEdgesARead);
        if (got < 0) {
            return system_error(name_, errno);
        }
        for (int i = 0; i < got; ++i) {
            add(*::gpiod_edge_event_buffer_get_event(buffer_.get(), static_cast<unsigned>(i)),
                edges);
        }
        return true;
    }

private:
    void add(gpiod_edge_event& event, std::vector<GpioEdge>& edges) const {
        const auto line =
            std::find(offsets_.begin(), offsets_.end(), ::gpiod_edge_event_get_line_offset(&event));
        if (line == offsets_.end()) {
            return;
        }
        const auto at = static_cast<std::int64_t>(::gpiod_edge_event_get_timestamp_ns(&event));
        edges.push_back(
            {static_cast<std::size_t>(line - offsets_.begin()),
             ::gpiod_edge_event_get_event_type(&event) == GPIOD_EDGE_EVENT_RISING_EDGE,
             std::chrono::nanoseconds(at)}
        );
    }

    const std::string name_;
    std::vector<unsigned> offsets_;
    const EdgeBuffer buffer_{::gpiod_edge_event_buffer_new(kEdgesARead)};
    LineRequest lines_;
};

}  // namespace

Result<std::unique_ptr<GpioRequest>> request_gpio(
    const std::string& chip, const std::vector<GpioLine>& lines
) {
    auto request = std::make_unique<Request2>(chip, lines);
    if (Status taken = request->take(lines); !taken) {
        return taken.error();
    }
    return std::unique_ptr<GpioRequest>(std::move(request));
}

}  // namespace cxedge::devices
