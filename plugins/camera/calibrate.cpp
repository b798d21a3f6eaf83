// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/calibrate.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include <fmt/core.h>

#include "plugins/camera/scene_drawing.hpp"

namespace cxedge::camera {
namespace {

// Heights of the picture at which a person is drawn, as a share of it.
constexpr int kSamples = 6;
// People lower than this in a picture 640 pixels wide need the larger network
// (measured in design/vision.md).
constexpr double kSmallPerson = 45;
constexpr double kUsualWidth = 640;

// Learns from people who are followed and whole, and keeps the emptiest picture.
class Learner {
public:
    explicit Learner(Anonymiser* anonymiser) : anonymiser_(anonymiser) {}

    void look(const Frame& frame, const Scene& scene) {
        if (!size_ || size_height_ != frame.height) {
            size_ = std::make_unique<PersonSize>(frame.height);
            size_height_ = frame.height;
        }
        std::size_t people = 0;
        for (const Track& track : scene.tracks()) {
            people += track.confirmed ? 1U : 0U;
            if (track.confirmed && track.seen == frame.time && whole(track.box, frame)) {
                size_->observe(track.box, track.box.area());
            }
        }
        if (anonymiser_ != nullptr) {
            anonymiser_->look(frame);
        }
        // The last of equals: backgrounds and sizes are known best then.
        if (people <= fewest_ && may_show()) {
            fewest_ = people;
            frame_ = frame;
            hide_people();
        }
    }

    [[nodiscard]] Frame& frame() { return frame_; }
    [[nodiscard]] const PersonSize* size() const {
        return size_ && size_->known() ? size_.get() : nullptr;
    }

private:
    Anonymiser* anonymiser_;
    std::unique_ptr<PersonSize> size_;
    int size_height_ = 0;
    Frame frame_;
    std::size_t fewest_ = std::numeric_limits<std::size_t>::max();

    [[nodiscard]] bool may_show() const {
        return anonymiser_ == nullptr || anonymiser_->watched_enough();
    }
    void hide_people() {
        if (anonymiser_ != nullptr) {
            anonymiser_->hide(frame_);
        }
    }
    static bool whole(const Box& box, const Frame& frame) {
        return box.x > 0 && box.y > 0 && box.right() < frame.width && box.bottom() < frame.height;
    }
};

void draw_sizes(Frame& frame, const PersonSize& size) {
    PictureCanvas canvas(frame);
    for (int i = 1; i <= kSamples; ++i) {
        const double foot = double(frame.height) * i / kSamples;
        const Size person = size.at(foot);
        const Box box{4, foot - person.height, person.width, person.height};
        canvas.box(box, kPersonColour);
        canvas.text(
            fmt::format("{:.0f}x{:.0f}", person.width, person.height), {4, foot - 4}, kPersonColour
        );
    }
}

std::vector<Size> sizes_at_lines(
    const SceneLayout& layout, const PersonSize& size, int picture_height
) {
    std::vector<Size> sizes;
    for (const LinePoints& line : layout.lines) {
        const double middle = (line[1] + line[line.size() - 1]) / 2 * picture_height;
        // Lines are compared with the centre of a person, sizes are learnt at the feet.
        const double foot = middle + size.at(middle).height / 2;
        sizes.push_back(size.at(foot));
    }
    return sizes;
}

}  // namespace

Result<Calibration> calibrate(const ClipJob& job, Anonymiser* anonymiser) {
    Learner learner(anonymiser);
    const Result<ClipRun> run =
        run_clip(job, [&](const Frame& frame, const Scene& scene, const SceneReport&) -> Status {
            learner.look(frame, scene);
            return {};
        });
    if (!run) {
        return run.error();
    }
    Calibration result{std::move(learner.frame()), run->frames, {}};
    Frame& picture = result.picture;
    if (picture.width == 0) {
        return corrupt("too short: there was no picture to show");
    }
    draw_layout(picture, job.layout, nullptr);
    if (const PersonSize* size = learner.size(); size != nullptr) {
        draw_sizes(picture, *size);
        result.at_lines = sizes_at_lines(job.layout, *size, picture.height);
    }
    return result;
}

std::string to_text(const Calibration& calibration) {
    std::string text = fmt::format(
        "{} pictures of {} x {}\n",
        calibration.frames,
        calibration.picture.width,
        calibration.picture.height
    );
    if (calibration.at_lines.empty()) {
        return text + "too few people were seen whole: their size is not known\n";
    }
    for (std::size_t i = 0; i < calibration.at_lines.size(); ++i) {
        const Size& size = calibration.at_lines[i];
        const double usual = size.height * kUsualWidth / calibration.picture.width;
        text += fmt::format(
            "line {}: a person is about {:.0f} x {:.0f} pixels{}\n",
            i + 1,
            size.width,
            size.height,
            usual < kSmallPerson ? "; small: use the model of 640x384, or a shorter lens" : ""
        );
    }
    return text;
}

}  // namespace cxedge::camera
