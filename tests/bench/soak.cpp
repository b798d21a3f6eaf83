// SPDX-License-Identifier: Apache-2.0
// Does the camera's memory stay flat? Hours of a looped film through the whole worker, as fast as
// the machine can.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "plugins/camera/camera_worker.hpp"

#include "tests/support/resident_kib.hpp"

namespace {

using namespace cxedge;  // NOLINT(google-build-using-namespace) a program of one file

// Growth that is not a leak: an allocator's pools, filled a little fuller.
constexpr std::uint64_t kFlatKib = 2048;
constexpr int kSteps = 12;

// Follows the capture time of the pictures; wakes the main thread at each step of the way.
class Progress {
public:
    explicit Progress(std::chrono::microseconds step) : step_(step) {}

    void take(const camera::WorkerReport& report) {
        const std::lock_guard lock(mutex_);
        if (const auto* done = std::get_if<camera::FrameDone>(&report)) {
            ++pictures_;
            time_ = done->facts.time;
        } else {
            failed_ = true;
        }
        news_.notify_all();
    }
    // False: the film failed or ended.
    bool wait_for(int steps) {
        std::unique_lock lock(mutex_);
        news_.wait(lock, [&] { return failed_ || time_ >= step_ * steps; });
        return !failed_;
    }
    std::uint64_t pictures() {
        const std::lock_guard lock(mutex_);
        return pictures_;
    }

private:
    std::chrono::microseconds step_;
    std::mutex mutex_;
    std::condition_variable news_;
    std::chrono::microseconds time_{0};
    std::uint64_t pictures_ = 0;
    bool failed_ = false;
};

int run(const std::string& clip, double hours) {
    const auto step = std::chrono::microseconds(static_cast<std::int64_t>(hours * 3.6e9 / kSteps));
    Progress progress(step);
    camera::CameraWorker::Job job;
    job.address = "file:" + clip;
    job.options.pace = camera::Pace::fast;
    job.options.loop = true;
    job.layout.lines = {{0.62, 0.2, 0.62, 1.0}};
    const SystemClock clock;
    const camera::CameraWorker worker(job, clock, [&](const camera::WorkerReport& report) {
        progress.take(report);
    });
    std::vector<std::uint64_t> resident;
    for (int i = 1; i <= kSteps; ++i) {
        if (!progress.wait_for(i)) {
            std::fprintf(stderr, "bench_soak: %s cannot be replayed\n", clip.c_str());
            return 1;
        }
        resident.push_back(test::resident_kib());
        std::printf(
            "after %5.2f h of film, %9llu pictures: RSS %6llu KiB\n",
            hours * i / kSteps,
            static_cast<unsigned long long>(progress.pictures()),
            static_cast<unsigned long long>(resident.back())
        );
        std::fflush(stdout);
    }
    // The first step fills pools and learns the background.
    const bool flat = resident.back() <= resident[1] + kFlatKib;
    std::printf("%s\n", flat ? "flat" : "NOT FLAT");
    return flat ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"The camera's memory over hours of a looped film (motion engine), replayed fast."};
    std::string clip = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
    double hours = 12;
    app.add_option("--clip", clip, "Film to repeat")
        ->check(CLI::ExistingFile)
        ->capture_default_str();
    app.add_option("--hours", hours, "Hours of film")->check(CLI::Range(0.01, 1000.0));
    CLI11_PARSE(app, argc, argv);
    return run(clip, hours);
}
