// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "plugins/camera/engine.hpp"
#include "plugins/camera/frame_grabber.hpp"
#include "plugins/camera/load_shedder.hpp"
#include "plugins/camera/reopen_backoff.hpp"
#include "plugins/camera/scene.hpp"
#include "plugins/camera/view_check.hpp"

namespace cxedge::camera {

// What one processed picture tells about the stream.
struct StreamFacts {
    std::chrono::microseconds time{0};  // capture time, as Frame::time
    std::chrono::microseconds age{0};   // between its arrival and the end of its analysis
    double decode_s = 0;                // processor time of the reader since the picture before
    int source_width = 0;
    int source_height = 0;
    double fps = 0;         // asked of the source
    bool shedding = false;  // that is less than configured
    std::optional<ViewState> view;
};
struct FrameDone {
    SceneReport scene;
    double cost_s = 0;  // processor time, decoding included
    StreamFacts facts;
};
struct StreamDown {
    std::string problem;
    std::chrono::milliseconds retry{0};  // 0: it will not be tried again
    SceneReport scene;                   // what was still undecided
};
struct StreamEnded {
    std::uint64_t frames = 0;
    SceneReport scene;
};
using WorkerReport = std::variant<FrameDone, StreamDown, StreamEnded>;

// Analyses the newest picture of a stream (every picture of a film that is replayed as fast as
// possible) on a thread of its own, lowers the frame rate when that takes too long, and opens the
// stream again after a failure (ReopenBackoff).
class CameraWorker {
public:
    // Called on the worker's thread.
    using Report = std::function<void(WorkerReport)>;
    struct Job {
        std::string address;
        FrameOptions options;  // but the width, which the engine decides
        SceneLayout layout;
        EngineChoice engine = {};
        std::optional<ViewDigest> known_view = {};  // from before a restart
    };

    CameraWorker(Job job, const Clock& clock, Report report);
    CameraWorker(const CameraWorker&) = delete;
    CameraWorker& operator=(const CameraWorker&) = delete;
    CameraWorker(CameraWorker&&) = delete;
    CameraWorker& operator=(CameraWorker&&) = delete;
    // Stops and waits; a blocked read ends within a second, a stuck one is left behind after two.
    ~CameraWorker();

private:
    Job job_;
    const Clock& clock_;
    Report report_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
    ReopenBackoff backoff_;
    LoadShedder shedder_;
    ViewCheck view_;
    // Of the stream that is open, and of those that did not come back from a blocking call.
    std::unique_ptr<FrameGrabber> grabber_;  // changed under mutex_
    std::vector<std::unique_ptr<FrameGrabber>> stuck_;
    std::uint64_t frames_ = 0;
    // Capture time goes on over reopening: what a new reader calls 0 is `base_`.
    std::chrono::microseconds base_{0};
    std::chrono::microseconds time_{0};  // of the last picture
    SteadyTime arrived_{};               // of the last picture
    std::unique_ptr<Scene> scene_;
    std::thread thread_;  // last: starts when all else is there

    void run();
    // False: a film has ended.
    Result<bool> watch();
    Result<bool> analyse(FrameGrabber& grabber);
    FrameDone analyse(FrameGrabber& grabber, Frame& frame);
    void place_in_time(Frame& frame, bool first);
    // True: it is worth opening the stream again, after a nap.
    bool tell_failure(const Error& error);
    FrameGrabber* open_grabber();
    void retire_grabber();
    bool too_many_stuck();
    void nap(std::chrono::milliseconds length);
};

}  // namespace cxedge::camera
