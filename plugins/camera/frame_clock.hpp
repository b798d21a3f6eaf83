// SPDX-License-Identifier: Apache-2.0
#pragma once

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
        if (!started_ || jumped || offset < earliest_) {
            begin(now, offset);
        }
        last_us_ = stream_us;
        const std::chrono::microseconds lag = offset - earliest_;
        watch_progress(now, lag);
        return offset - earliest_;
    }

private:
    // A camera that set its clock.
    static constexpr std::chrono::seconds kJump{10};
    // A backlog is read at many times the stream's speed. What is still late after a second was
    // not kept: the stream had a pause, or the camera's clock runs slower than ours.
    static constexpr std::chrono::seconds kProgressTime{1};
    static constexpr std::chrono::milliseconds kProgress{200};

    bool started_ = false;
    std::int64_t last_us_ = 0;
    std::chrono::microseconds earliest_{0};
    SteadyTime since_{};
    std::chrono::microseconds lag_then_{0};

    void begin(SteadyTime now, std::chrono::microseconds offset) {
        started_ = true;
        earliest_ = offset;
        since_ = now;
        lag_then_ = std::chrono::microseconds(0);
    }

    void watch_progress(SteadyTime now, std::chrono::microseconds lag) {
        // Later than when the watch began: what counts is whether it shrinks from its worst.
        if (lag > lag_then_) {
            lag_then_ = lag;
            since_ = now;
        }
        if (now - since_ < kProgressTime) {
            return;
        }
        if (lag_then_ - lag < kProgress) {
            earliest_ += lag;
            lag = std::chrono::microseconds(0);
        }
        since_ = now;
        lag_then_ = lag;
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
