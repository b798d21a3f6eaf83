// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/motion_detector.hpp"

#include <algorithm>

#include "plugins/camera/blob_splitter.hpp"
#include "plugins/camera/cpu_time.hpp"

namespace cxedge::camera {
namespace {

// A person is at least this high, as a share of the picture; smaller cannot be told from noise.
constexpr double kLeastHeight = 0.08;
constexpr double kMostHeight = 0.95;
constexpr double kLeastAspect = 0.8;  // height / width of one person, from above to upright
constexpr double kMostAspect = 4.5;
constexpr double kLeastFill = 0.35;
// More foreground than this is not people: the light was switched or the camera moved.
constexpr double kLightSwitched = 0.6;

// Nothing bigger than this share of it may be nearer than half its own size.
constexpr double kNeighbour = 0.15;
constexpr double kAlone = 2.0;

bool touches_border(const Box& box, int width, int height) {
    return box.x <= 0 || box.y <= 0 || box.right() >= width || box.bottom() >= height;
}

bool like_a_person(const Patch& patch, int picture_height) {
    const double aspect = patch.box.height / std::max(1.0, patch.box.width);
    return patch.box.height >= kLeastHeight * picture_height &&
           patch.box.height <= kMostHeight * picture_height && aspect >= kLeastAspect &&
           aspect <= kMostAspect && patch.pixels >= kLeastFill * patch.box.area();
}

// Whole and by itself: neither cut by the border nor a part of something in pieces.
bool alone(const Patch& patch, const ForegroundMask& mask) {
    if (touches_border(patch.box, mask.width, mask.height)) {
        return false;
    }
    const Box around =
        box_around(patch.box.centre(), kAlone * patch.box.width, kAlone * patch.box.height);
    return std::none_of(mask.patches.begin(), mask.patches.end(), [&](const Patch& other) {
        return other.label != patch.label && other.pixels > kNeighbour * patch.pixels &&
               overlap_area(around, other.box) > 0;
    });
}

std::vector<Detection> plain_patches(const ForegroundMask& mask) {
    std::vector<Detection> found;
    for (const Patch& patch : mask.patches) {
        if (like_a_person(patch, mask.height)) {
            found.push_back({patch.box, kBirthScore});
        }
    }
    return found;
}

}  // namespace

void MotionDetector::learn_size(const ForegroundMask& mask) {
    for (const Patch& patch : mask.patches) {
        if (like_a_person(patch, mask.height) && alone(patch, mask)) {
            size_->observe(patch.box, patch.pixels);
        }
    }
}

std::vector<Detection> MotionDetector::explain(const ForegroundMask& mask) {
    if (!size_ || mask.height != height_) {
        height_ = mask.height;
        size_ = std::make_unique<PersonSize>(mask.height);
    }
    if (mask.share > kLightSwitched) {
        return {};
    }
    learn_size(mask);
    return size_->known() ? explain_patches(mask, *size_) : plain_patches(mask);
}

std::vector<Detection> MotionDetector::detect(const Frame& frame, bool /*followed*/) {
    const double start = thread_cpu_s();
    const ForegroundMask& mask = foreground_.update(frame);
    const double updated = thread_cpu_s();
    std::vector<Detection> found = explain(mask);
    for (Detection& each : found) {
        each.box = scaled(each.box, mask.reduction);
        // What is the right size counts as sure; it knows no other sign of a person.
        each.score = std::max(each.score, kBirthScore);
    }
    cost_.gate_s += updated - start;
    cost_.detect_s += thread_cpu_s() - updated;
    return found;
}

}  // namespace cxedge::camera
