// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/camera_worker.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/ids.hpp"

#include "plugins/camera/cpu_time.hpp"
#include "plugins/camera/motion_detector.hpp"

namespace cxedge::camera {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{1000};
constexpr std::chrono::milliseconds kLongestDelay{60'000};

}  // namespace

CameraWorker::CameraWorker(Job job, const Clock& clock, Report report)
    : job_(std::move(job)), clock_(clock), report_(std::move(report)), thread_([this] { run(); }) {}

CameraWorker::~CameraWorker() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void CameraWorker::run() {
    scene_ = std::make_unique<Scene>(std::make_unique<MotionDetector>(), job_.layout);
    Result<std::unique_ptr<FrameSource>> source =
        make_frame_source(job_.address, job_.options, clock_, stop_);
    if (!source) {
        report_(StreamDown{source.error().message, {}, {}});
        return;
    }
    while (!stop_) {
        const Result<bool> ended = watch(**source);
        (*source)->close();
        if (stop_) {
            return;
        }
        if (ended) {
            report_(StreamEnded{frames_, scene_->finish()});
            return;
        }
        const bool again = ended.error().code == ErrorCode::unavailable;
        const std::chrono::milliseconds delay = again ? next_delay() : std::chrono::milliseconds(0);
        report_(StreamDown{ended.error().message, delay, scene_->finish()});
        if (!again) {
            return;
        }
        ++failures_;
        nap(delay);
    }
}

Result<bool> CameraWorker::watch(FrameSource& source) {
    if (Status opened = source.open(); !opened) {
        return opened.error();
    }
    Frame frame;
    double used = thread_cpu_s();
    while (true) {
        Result<bool> got = source.next(frame);
        if (!got || !*got) {
            return got;
        }
        failures_ = 0;
        ++frames_;
        SceneReport seen = scene_->process(frame);
        const double now = thread_cpu_s();
        report_(FrameDone{std::move(seen), now - used});
        used = now;
    }
}

// Half of the delay is random.
std::chrono::milliseconds CameraWorker::next_delay() const {
    const auto full = std::min(kLongestDelay, kFirstDelay * (1 << std::min(failures_, 6)));
    const auto half = full.count() / 2;
    return std::chrono::milliseconds(half + random_u32() % (half + 1));
}

void CameraWorker::nap(std::chrono::milliseconds length) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, length, [this] { return stop_.load(); });
}

}  // namespace cxedge::camera
