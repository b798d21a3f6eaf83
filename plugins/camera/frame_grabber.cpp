// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/frame_grabber.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "plugins/camera/cpu_time.hpp"

namespace cxedge::camera {
namespace {

constexpr std::chrono::milliseconds kStopPatience{2000};

}  // namespace

// Belongs to the reader as much as to the grabber: either may go first.
struct FrameGrabber::Shared {
    Shared(Job its_job, const Clock& its_clock)
        : job(std::move(its_job)), clock(its_clock), fps(job.options.fps) {}

    const Job job;
    const Clock& clock;
    std::atomic<bool> stop{false};
    std::atomic<double> fps;

    std::mutex mutex;
    std::condition_variable news;
    Frame slot;
    bool filled = false;
    double cost_s = 0;
    std::optional<Result<bool>> result;  // of a reader that has come to its end
    bool gone = false;                   // nothing of it runs any more

    void run() {
        Result<bool> end = read();
        const std::lock_guard lock(mutex);
        result.emplace(std::move(end));
        gone = true;
        news.notify_all();
    }

    // The error, or false at the end of a film.
    Result<bool> read() {
        Result<std::unique_ptr<FrameSource>> source =
            make_frame_source(job.address, job.options, clock, stop);
        if (!source) {
            return source.error();
        }
        if (Status opened = (*source)->open(); !opened) {
            return opened.error();
        }
        Frame frame;
        double used = 0;
        while (true) {
            (*source)->set_fps(fps);
            Result<bool> got = (*source)->next(frame);
            if (!got || !*got) {
                return got;
            }
            const double now = thread_cpu_s();
            put(frame, now - std::exchange(used, now));
        }
    }

    // Leaves an old picture in `frame`, whose memory is used again.
    void put(Frame& frame, double cost) {
        std::unique_lock lock(mutex);
        if (job.keep == Keep::every) {
            news.wait(lock, [this] { return !filled || stop.load(); });
        }
        // What is not fetched is lost, but not that a jump was between.
        frame.seam = frame.seam || (filled && slot.seam);
        std::swap(slot, frame);
        filled = true;
        cost_s += cost;
        news.notify_all();
    }
};

FrameGrabber::FrameGrabber(Job job, const Clock& clock)
    : shared_(std::make_shared<Shared>(std::move(job), clock)),
      thread_([shared = shared_] { shared->run(); }) {}

FrameGrabber::~FrameGrabber() {
    stop();
    if (ended_within(kStopPatience)) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

Result<bool> FrameGrabber::next(Frame& frame, std::chrono::milliseconds patience) {
    Shared& shared = *shared_;
    std::unique_lock lock(shared.mutex);
    const bool news = shared.news.wait_for(lock, patience, [&] {
        return shared.filled || shared.result.has_value() || shared.stop.load();
    });
    if (shared.stop.load()) {
        return unavailable("stopped");
    }
    if (shared.filled) {
        std::swap(frame, shared.slot);
        shared.filled = false;
        shared.news.notify_all();
        return true;
    }
    if (news) {
        return *shared.result;
    }
    return unavailable(
        public_address(shared.job.address) + ": no picture within " +
        std::to_string(patience.count()) + " ms"
    );
}

void FrameGrabber::set_fps(double fps) {
    shared_->fps = fps;
}

double FrameGrabber::take_cost_s() {
    const std::lock_guard lock(shared_->mutex);
    return std::exchange(shared_->cost_s, 0);
}

void FrameGrabber::stop() {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
    shared_->news.notify_all();
}

bool FrameGrabber::ended_within(std::chrono::milliseconds patience) {
    std::unique_lock lock(shared_->mutex);
    return shared_->news.wait_for(lock, patience, [this] { return shared_->gone; });
}

}  // namespace cxedge::camera
