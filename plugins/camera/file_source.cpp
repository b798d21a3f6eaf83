// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <sys/stat.h>

#include "plugins/camera/av_media.hpp"
#include "plugins/camera/frame_clock.hpp"
#include "plugins/camera/frame_sources.hpp"

namespace cxedge::camera {
namespace {

constexpr std::chrono::microseconds kVideoPeriod{40'000};  // a file that does not say: 25 fps
// A file as a camera must not take longer to stop than this.
constexpr std::chrono::milliseconds kLongestNap{100};

// Waits for the time at which a frame was recorded, relative to the first.
class Pacer {
public:
    Pacer(const Clock& clock, const std::atomic<bool>& stop) : clock_(clock), stop_(stop) {}

    void wait_for(std::chrono::microseconds time) {
        if (!started_) {
            started_ = true;
            start_ = clock_.steady_now() - time;
        }
        while (!stop_.load()) {
            const auto left = start_ + time - clock_.steady_now();
            if (left <= SteadyTime::duration::zero()) {
                return;
            }
            nap(std::min<SteadyTime::duration>(left, kLongestNap));
        }
    }

private:
    const Clock& clock_;
    const std::atomic<bool>& stop_;
    SteadyTime start_{};
    bool started_ = false;
    std::mutex mutex_;
    std::condition_variable never_;

    void nap(SteadyTime::duration length) {
        std::unique_lock lock(mutex_);
        never_.wait_for(lock, length, [this] { return stop_.load(); });
    }
};

class FileSource final : public FrameSource {
public:
    FileSource(std::string path, const SourceContext& context)
        : path_(std::move(path)),
          options_(context.options),
          clock_(context.clock),
          stop_(context.stop),
          input_(context.clock, context.stop, context.options.timeout),
          scaler_(context.options),
          times_(kVideoPeriod),
          thinner_(context.options.fps),
          pacer_(context.clock, context.stop) {}

    Status open() override {
        struct stat info {};
        if (::stat(path_.c_str(), &info) != 0) {
            return named(not_found("no such file"));
        }
        if (!S_ISREG(info.st_mode)) {
            return named(invalid_argument("not a regular file"));
        }
        if (info.st_size == 0) {
            return named(corrupt("the file is empty"));
        }
        return rewind();
    }

    Result<bool> next(Frame& frame) override {
        while (!stop_.load()) {
            Result<AvInput::Picture> picture = input_.read();
            if (!picture) {
                return named(picture.error());
            }
            // Goes on after a picture that is not due yet, and after an end that begins again.
            const bool ended = picture->frame == nullptr;
            Result<bool> answer = ended ? at_end() : show(*picture, frame);
            if (!answer || *answer != ended) {
                return answer;
            }
        }
        return named(unavailable("stopped"));
    }

    void close() override { input_.close(); }

    void set_fps(double fps) override { thinner_.set_fps(fps); }

private:
    std::string path_;
    FrameOptions options_;
    const Clock& clock_;
    const std::atomic<bool>& stop_;
    AvInput input_;
    AvScaler scaler_;
    FrameClock times_;
    FrameThinner thinner_;
    Pacer pacer_;
    std::uint64_t pictures_ = 0;  // in this round
    bool seam_ = false;

    // True when the picture was due and is in `frame`.
    Result<bool> show(const AvInput::Picture& picture, Frame& frame) {
        ++pictures_;
        const std::chrono::microseconds time = times_.stamp(picture.stream_us);
        return thinner_.due(time) ? deliver(*picture.frame, time, frame) : Result<bool>(false);
    }

    [[nodiscard]] Error named(const Error& error) const { return error.during("file: " + path_); }

    Status rewind() {
        pictures_ = 0;
        // A file may turn out to be a play list that names other places: only files are opened.
        AVDictionary* options = nullptr;
        av_dict_set(&options, "protocol_whitelist", "file", 0);
        if (Status opened = input_.open("file:" + path_, nullptr, options); !opened) {
            // Unlike a camera, a file does not get better by waiting.
            const Error& error = opened.error();
            const bool broken = error.code == ErrorCode::unavailable && !stop_.load();
            return named(broken ? corrupt(error.message) : error);
        }
        times_.set_nominal(input_.frame_period().value_or(kVideoPeriod));
        return {};
    }

    // True: the file has begun again.
    Result<bool> at_end() {
        if (pictures_ == 0) {
            return named(corrupt(
                "no picture could be decoded (" + std::to_string(input_.broken()) +
                " broken packets)"
            ));
        }
        if (!options_.loop) {
            return false;
        }
        seam_ = true;
        if (Status again = rewind(); !again) {
            return again.error();
        }
        return true;
    }

    Result<bool> deliver(const AVFrame& picture, std::chrono::microseconds time, Frame& frame) {
        if (Status scaled = scaler_.to_frame(picture, frame); !scaled) {
            return named(scaled.error());
        }
        frame.time = time;
        frame.number = pictures_ - 1;
        frame.seam = std::exchange(seam_, false);
        if (options_.pace == Pace::real) {
            pacer_.wait_for(time);
        }
        frame.arrived = clock_.steady_now();
        return true;
    }
};

}  // namespace

std::unique_ptr<FrameSource> make_file_source(std::string path, const SourceContext& context) {
    return std::make_unique<FileSource>(std::move(path), context);
}

}  // namespace cxedge::camera
