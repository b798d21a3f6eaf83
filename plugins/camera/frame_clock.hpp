// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "agent/base/clock.hpp"

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

// How far the packets of a live stream come behind the moment they could have come: the backlog of
// a reader that was too slow, or of a server that was held up and now sends what it kept.
class StreamLag {
public:
    // `stream_us`: time stamp of a packet that was read at `now`.
    std::chrono::microseconds update(SteadyTime now, std::int64_t stream_us) {
        const auto offset = std::chrono::duration_cast<std::chrono::microseconds>(
            now.time_since_epoch() - std::chrono::microseconds(stream_us)
        );
        const bool jumped =
            std::chrono::abs(std::chrono::microseconds(stream_us - last_us_)) > kJump;
        last_us_ = stream_us;
        if (!started_ || jumped || offset < earliest_) {
            begin(now, offset);
        }
        least_ = std::min(least_, offset - earliest_);
        if (now - since_ >= kWindow) {
            judge_window(now);
        }
        return offset - earliest_;
    }

private:
    // A camera that set its clock.
    static constexpr std::chrono::seconds kJump{10};
    // A backlog that is read shrinks, one that a slow decoder builds up grows. What is equally late
    // in two windows was not kept waiting: the stream had a pause and went on from there, or the
    // camera's clock runs slower than ours (100 ppm are 0.1 ms a window).
    static constexpr std::chrono::seconds kWindow{1};
    static constexpr std::chrono::milliseconds kEqual{5};

    bool started_ = false;
    std::int64_t last_us_ = 0;
    std::chrono::microseconds earliest_{0};  // least distance of reading and time stamp
    SteadyTime since_{};
    std::chrono::microseconds least_{0};   // lag in this window
    std::chrono::microseconds before_{0};  // in the one before

    void begin(SteadyTime now, std::chrono::microseconds offset) {
        started_ = true;
        earliest_ = offset;
        before_ = std::chrono::microseconds(0);
        open_window(now);
    }

    void open_window(SteadyTime now) {
        since_ = now;
        least_ = std::chrono::microseconds::max();
    }

    void judge_window(SteadyTime now) {
        const bool equal = std::chrono::abs(least_ - before_) <= kEqual;
        if (equal) {
            earliest_ += least_;
        }
        before_ = equal ? std::chrono::microseconds(0) : least_;
        open_window(now);
    }
};

// Thins a stream to a frame rate, evenly: 25 fps at 10 delivers frames 0, 3, 5, 8, 10, ...
class FrameThinner {
public:
    explicit FrameThinner(double fps) : period_(static_cast<std::int64_t>(1e6 / fps)) {}

    void set_fps(double fps) {
        period_ = std::chrono::microseconds(static_cast<std::int64_t>(1e6 / fps));
    }

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
