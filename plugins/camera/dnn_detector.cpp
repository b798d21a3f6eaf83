// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/dnn_detector.hpp"

#include <utility>

#include "plugins/camera/cpu_time.hpp"

namespace cxedge::camera {
namespace {

constexpr int kShapeWidth = 320;
constexpr int kGateWidth = 160;

PixelSize input_of(const DnnModel& model) {
    return {model.shape().width, model.shape().height};
}

}  // namespace

DnnDetector::DnnDetector(std::unique_ptr<DnnModel> model, WatchRegion region, Hints hints)
    : model_(std::move(model)),
      region_(region),
      foreground_(hints == Hints::foreground ? kShapeWidth : kGateWidth),
      hints_(hints == Hints::foreground ? std::make_unique<ForegroundHints>() : nullptr) {}

std::vector<Detection> DnnDetector::detect(const Frame& frame, bool followed) {
    const double start = thread_cpu_s();
    const ForegroundMask& mask = foreground_.update(frame);
    const bool look = gate_.open(mask, followed, frame.time);
    const double gated = thread_cpu_s();
    cost_.gate_s += gated - start;
    if (!look) {
        return {};
    }
    const Box part = region_.in({frame.width, frame.height}, input_of(*model_));
    std::vector<Detection> found = model_->find(frame, part);
    if (hints_) {
        hints_->apply(mask, found);
    }
    cost_.detect_s += thread_cpu_s() - gated;
    return found;
}

int DnnDetector::picture_width() const {
    return region_.picture_width(input_of(*model_));
}

}  // namespace cxedge::camera
