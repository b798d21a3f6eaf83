// SPDX-License-Identifier: Apache-2.0
// A local camera through the kernel's V4L2 interface, streaming into mapped buffers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::camera {

enum class V4l2Format { yuyv, mjpeg };

struct V4l2Mode {
    V4l2Format format = V4l2Format::yuyv;
    int width = 0;
    int height = 0;
    int stride = 0;  // bytes a row, YUYV only
};

// One buffer filled by the driver, on loan until the next wait().
struct V4l2Picture {
    std::span<const std::uint8_t> bytes;
    std::int64_t time_us = 0;  // the driver's capture time
};

// Thread: one.
class V4l2Device {
public:
    V4l2Device() = default;
    V4l2Device(const V4l2Device&) = delete;
    V4l2Device& operator=(const V4l2Device&) = delete;
    V4l2Device(V4l2Device&&) = delete;
    V4l2Device& operator=(V4l2Device&&) = delete;
    ~V4l2Device() { close(); }

    // Opens the device and starts streaming near 640x480; YUYV if the camera has it, else MJPEG.
    Status open(const std::string& path);
    void close();
    [[nodiscard]] const V4l2Mode& mode() const { return mode_; }

    // The next picture, or unavailable after `timeout` of silence or when `stop` is set.
    Result<V4l2Picture> wait(
        const Clock& clock, std::chrono::milliseconds timeout, const std::atomic<bool>& stop
    );

private:
    struct Mapping {
        void* start = nullptr;
        std::size_t length = 0;
    };
    UniqueFd fd_;
    V4l2Mode mode_;
    std::vector<Mapping> mappings_;
    int on_loan_ = -1;
    bool streaming_ = false;

    Status check_capabilities();
    Status choose_mode();
    bool try_mode(V4l2Format format);
    Status map_buffers();
    Status map_buffer(std::uint32_t index);
    Status give_back(std::uint32_t index);
    Status start_streaming();
    Result<V4l2Picture> take();
};

}  // namespace cxedge::camera
