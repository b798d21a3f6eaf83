// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/camera_worker.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/ids.hpp"

#include "plugins/camera/cpu_time.hpp"

namespace cxedge::camera {
namespace {

// Readers that hang in a call that cannot be interrupted: no further one beside them.
constexpr std::size_t kMostStuck = 2;
constexpr std::chrono::milliseconds kStuckCheck{5000};
// The reader's own timeouts come first; this is for where they do not reach.
constexpr std::chrono::milliseconds kWatchdogMargin{2000};
// The first picture needs an opening (several answers) and a picture that needs no other.
constexpr int kFirstPictureTimeouts = 3;
constexpr std::chrono::milliseconds kFirstPictureMargin{10'000};
// Between the last picture before a gap and the first after it, at least.
constexpr std::chrono::milliseconds kNextPicture{100};
constexpr std::chrono::hours kForever{24 * 365};

FrameGrabber::Keep keep_of(const CameraWorker::Job& job) {
    const bool replay = !is_live(job.address) && job.options.pace == Pace::fast;
    return replay ? FrameGrabber::Keep::every : FrameGrabber::Keep::newest;
}

// How long to wait for a picture before the reader is given up.
std::chrono::milliseconds patience(const CameraWorker::Job& job, bool first) {
    if (!is_live(job.address)) {
        return kForever;  // a pause in a film is no failure
    }
    return first ? job.options.timeout * kFirstPictureTimeouts + kFirstPictureMargin
                 : job.options.timeout + kWatchdogMargin;
}

}  // namespace

CameraWorker::CameraWorker(Job job, const Clock& clock, Report report)
    : job_(std::move(job)),
      clock_(clock),
      report_(std::move(report)),
      shedder_(job_.options.fps),
      view_(job_.options.masks, job_.known_view),
      thread_([this] { run(); }) {}

CameraWorker::~CameraWorker() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        if (grabber_) {
            grabber_->stop();
        }
    }
    wake_.notify_all();
    thread_.join();
}

void CameraWorker::run() {
    Result<std::unique_ptr<Detector>> detector =
        make_detector(job_.engine, corners_of(job_.layout));
    if (!detector) {
        report_(StreamDown{detector.error().message, {}, {}});
        return;
    }
    job_.options.width = (*detector)->picture_width();
    scene_ = std::make_unique<Scene>(std::move(*detector), job_.layout);
    while (!stop_) {
        const Result<bool> ended = watch();
        if (stop_) {
            return;
        }
        if (ended) {
            report_(StreamEnded{frames_, scene_->finish()});
            return;
        }
        if (!tell_failure(ended.error())) {
            return;
        }
    }
}

bool CameraWorker::tell_failure(const Error& error) {
    const bool again = is_live(job_.address) || error.code == ErrorCode::unavailable;
    const auto delay = again ? backoff_.next(error, random_u32()) : std::chrono::milliseconds(0);
    report_(StreamDown{error.message, delay, scene_->finish()});
    nap(delay);
    return again;
}

Result<bool> CameraWorker::watch() {
    if (too_many_stuck()) {
        nap(kStuckCheck);
        return unavailable(public_address(job_.address) + ": readers hang in the system");
    }
    FrameGrabber* grabber = open_grabber();
    Result<bool> end = grabber != nullptr ? analyse(*grabber) : unavailable("stopped");
    retire_grabber();
    return end;
}

// Null: to be stopped.
FrameGrabber* CameraWorker::open_grabber() {
    const std::lock_guard lock(mutex_);
    if (stop_) {
        return nullptr;
    }
    grabber_ = std::make_unique<FrameGrabber>(
        FrameGrabber::Job{job_.address, job_.options, keep_of(job_)}, clock_
    );
    return grabber_.get();
}

void CameraWorker::retire_grabber() {
    std::unique_ptr<FrameGrabber> old;
    {
        const std::lock_guard lock(mutex_);
        old = std::move(grabber_);
    }
    if (!old) {
        return;
    }
    old->stop();
    if (!old->ended_within(kWatchdogMargin)) {
        stuck_.push_back(std::move(old));
    }
}

bool CameraWorker::too_many_stuck() {
    std::erase_if(stuck_, [](const std::unique_ptr<FrameGrabber>& each) {
        return each->ended_within(std::chrono::milliseconds(0));
    });
    return stuck_.size() >= kMostStuck;
}

Result<bool> CameraWorker::analyse(FrameGrabber& grabber) {
    Frame frame;
    bool first = true;
    while (true) {
        Result<bool> got = grabber.next(frame, patience(job_, first));
        if (!got || !*got) {
            return got;
        }
        place_in_time(frame, first);
        first = false;
        backoff_.reset();
        ++frames_;
        report_(analyse(grabber, frame));
    }
}

FrameDone CameraWorker::analyse(FrameGrabber& grabber, Frame& frame) {
    const SteadyTime began = clock_.steady_now();
    const double used = thread_cpu_s();
    FrameDone done;
    done.scene = scene_->process(frame);
    done.facts.view = view_.update(frame);
    done.facts.decode_s = grabber.take_cost_s();
    done.cost_s = thread_cpu_s() - used + done.facts.decode_s;
    const SteadyTime now = clock_.steady_now();
    if (keep_of(job_) == FrameGrabber::Keep::newest) {
        done.facts.fps = shedder_.update(now - began, frame.time);
        done.facts.shedding = shedder_.shedding();
        grabber.set_fps(done.facts.fps);
        done.facts.age = std::chrono::duration_cast<std::chrono::microseconds>(now - frame.arrived);
    }
    done.facts.time = frame.time;
    done.facts.source_width = frame.source_width;
    done.facts.source_height = frame.source_height;
    return done;
}

// Time that passed without pictures is time, also for those who were in the picture.
void CameraWorker::place_in_time(Frame& frame, bool first) {
    if (first && frames_ > 0) {
        const auto missed =
            std::chrono::duration_cast<std::chrono::microseconds>(frame.arrived - arrived_);
        base_ = time_ + std::max<std::chrono::microseconds>(missed, kNextPicture) - frame.time;
        frame.seam = true;
    }
    frame.time += base_;
    time_ = frame.time;
    arrived_ = frame.arrived;
}

void CameraWorker::nap(std::chrono::milliseconds length) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, length, [this] { return stop_.load(); });
}

}  // namespace cxedge::camera
