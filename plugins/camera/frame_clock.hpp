// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace cxedge::camera {

// Turns the time stamps of a stream (missing, repeated, jumping when a camera sets its clock or a
// file begins again) into a capture time that only moves forward.
class FrameClock {
public:
    // `nominal`: assumed distance of two frames where the stream does not say.
    explicit FrameClock(std::chrono::microseconds nominal) : nominal_(nominal) {}

    void set_nominal(std::chrono::microseconds nominal) { nominal_ = nominal; }

    std::chrono::microseconds stamp(std::optional<std::int64_t> stream_us) {
        if (started_) {
            now_ += step(stream_us);
        }
        started_ = true;
        last_us_ = stream_us;
        return now_;
    }

private:
    // A longer hole inside a stream is taken for a jump of its clock, not for silence: silence
    // ends in the read timeout.
    static constexpr std::chrono::seconds kLongestStep{10};

    [[nodiscard]] std::chrono::microseconds step(std::optional<std::int64_t> stream_us) const {
        if (!stream_us || !last_us_) {
            return nominal_;
        }
        const std::chrono::microseconds delta(*stream_us - *last_us_);
        return delta > std::chrono::microseconds(0) && delta < kLongestStep ? delta : nominal_;
    }

    std::chrono::microseconds nominal_;
    std::chrono::microseconds now_{0};
    std::optional<std::int64_t> last_us_;
    bool started_ = false;
};

// Thins a stream to a frame rate, evenly: 25 fps at 10 delivers frames 0, 3, 5, 8, 10, ...
class FrameThinner {
public:
    explicit FrameThinner(double fps) : period_(static_cast<std::int64_t>(1e6 / fps)) {}

    [[nodiscard]] bool due(std::chrono::microseconds time) {
        // A tenth of a period of tolerance: time stamps are rounded, and a frame that comes 1 ms
        // early must not cost a whole frame period.
        if (time + period_ / 10 < next_) {
            return false;
        }
        next_ += period_;
        if (next_ + period_ < time) {
            next_ = time + period_;
        }
        return true;
    }

private:
    std::chrono::microseconds period_;
    std::chrono::microseconds next_{0};
};

}  // namespace cxedge::camera
