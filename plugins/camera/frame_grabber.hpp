// SPDX-License-Identifier: Apache-2.0
// Reads a stream on a thread of its own, so that nothing waits in sockets while a picture is
// analysed, and so that a reader that is stuck takes nothing with it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "plugins/camera/frame_source.hpp"

namespace cxedge::camera {

// One opening of a stream. Thread: one, except stop().
class FrameGrabber {
public:
    enum class Keep {
        newest,  // a picture that is not fetched in time is replaced by the next one
        every,   // the reader waits until a picture is fetched
    };
    struct Job {
        std::string address;
        FrameOptions options;
        Keep keep = Keep::newest;
    };

    // `clock` must live as long as the process: an abandoned reader still looks at it.
    FrameGrabber(Job job, const Clock& clock);
    FrameGrabber(const FrameGrabber&) = delete;
    FrameGrabber& operator=(const FrameGrabber&) = delete;
    FrameGrabber(FrameGrabber&&) = delete;
    FrameGrabber& operator=(FrameGrabber&&) = delete;
    // Stops the reader and waits up to 2 s for it; one that is still stuck then (in a name lookup,
    // in a driver) is left to itself and frees what it holds when it comes back.
    ~FrameGrabber();

    // Waits for the next picture; false: the film has ended. Errors are those of FrameSource, and
    // `unavailable` when no picture came within `patience` or stop() was called.
    Result<bool> next(Frame& frame, std::chrono::milliseconds patience);

    void set_fps(double fps);
    // Processor time of the reader since the last call, in seconds.
    [[nodiscard]] double take_cost_s();
    // Ends next(), also one that is waiting. Thread: any.
    void stop();
    // True when the reader has ended, waiting up to `patience` for it.
    [[nodiscard]] bool ended_within(std::chrono::milliseconds patience);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::thread thread_;
};

}  // namespace cxedge::camera
