// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/foreground_hints.hpp"

#include <algorithm>

#include "plugins/camera/blob_splitter.hpp"

namespace cxedge::camera {
namespace {

constexpr double kMovingShare = 0.3;  // of a box, from here on what is in it moves
constexpr double kBonus = 0.15;
constexpr double kPatchScore = kSureScore / 2;
// A patch that is mostly within a detection is that person, or its shadow.
constexpr double kSameThing = 0.5;
// More than this is not people: the light was switched or the camera moved.
constexpr double kLightSwitched = 0.6;

bool covered(const Box& patch, const std::vector<Detection>& found) {
    return std::any_of(found.begin(), found.end(), [&](const Detection& each) {
        const double smaller = std::min(each.box.area(), patch.area());
        return overlap_area(each.box, patch) > kSameThing * smaller;
    });
}

bool whole(const Box& box, const ForegroundMask& mask) {
    return box.x > 0 && box.y > 0 && box.right() < mask.width && box.bottom() < mask.height;
}

}  // namespace

void ForegroundHints::learn(const ForegroundMask& mask, const std::vector<Detection>& found) {
    if (!size_ || mask.height != height_) {
        height_ = mask.height;
        size_ = std::make_unique<PersonSize>(mask.height);
    }
    for (const Detection& each : found) {
        const Box box = scaled(each.box, 1 / mask.reduction);
        if (each.score >= kBirthScore && whole(box, mask)) {
            size_->observe(box, box.area());
        }
    }
}

void ForegroundHints::apply(const ForegroundMask& mask, std::vector<Detection>& found) {
    learn(mask, found);
    if (mask.share > kLightSwitched) {
        return;
    }
    for (Detection& each : found) {
        if (mask.share_in(scaled(each.box, 1 / mask.reduction)) >= kMovingShare) {
            each.score = std::min(1.0, each.score + kBonus);
        }
    }
    if (!size_->known()) {
        return;
    }
    std::vector<Detection> added;
    for (const Detection& patch : explain_patches(mask, *size_)) {
        const Box box = scaled(patch.box, mask.reduction);
        if (!covered(box, found)) {
            added.push_back({box, kPatchScore});
        }
    }
    found.insert(found.end(), added.begin(), added.end());
}

}  // namespace cxedge::camera
