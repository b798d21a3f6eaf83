// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "plugins/camera/frame_source.hpp"
#include "plugins/camera/scene.hpp"

namespace cxedge::camera {

struct FrameDone {
    SceneReport scene;
    double cost_s = 0;  // processor time, decoding included
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

// Reads and analyses a stream on a thread of its own, and opens it again after a failure (1 s to
// 60 s, with jitter, so that many cameras do not ask a rebooting switch at once).
class CameraWorker {
public:
    // Called on the worker's thread.
    using Report = std::function<void(WorkerReport)>;
    struct Job {
        std::string address;
        FrameOptions options;
        SceneLayout layout;
    };

    CameraWorker(Job job, const Clock& clock, Report report);
    CameraWorker(const CameraWorker&) = delete;
    CameraWorker& operator=(const CameraWorker&) = delete;
    CameraWorker(CameraWorker&&) = delete;
    CameraWorker& operator=(CameraWorker&&) = delete;
    // Stops and waits; a blocked read ends within a second.
    ~CameraWorker();

private:
    Job job_;
    const Clock& clock_;
    Report report_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
    int failures_ = 0;  // in a row
    std::uint64_t frames_ = 0;
    std::unique_ptr<Scene> scene_;
    std::thread thread_;  // last: starts when all else is there

    void run();
    // True: the stream has ended well and must not be opened again.
    Result<bool> watch(FrameSource& source);
    [[nodiscard]] std::chrono::milliseconds next_delay() const;
    void nap(std::chrono::milliseconds length);
};

}  // namespace cxedge::camera
