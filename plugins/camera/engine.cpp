// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/engine.hpp"

#include "plugins/camera/dnn_detector.hpp"
#include "plugins/camera/motion_detector.hpp"

namespace cxedge::camera {

std::string_view to_string(EngineKind kind) {
    switch (kind) {
        case EngineKind::motion:
            return "motion";
        case EngineKind::dnn:
            return "dnn";
        case EngineKind::hybrid:
            return "hybrid";
    }
    return "unknown";
}

Result<std::unique_ptr<Detector>> make_detector(
    const EngineChoice& choice, const std::vector<Point>& points
) {
    if (choice.kind == EngineKind::motion) {
        return std::unique_ptr<Detector>(std::make_unique<MotionDetector>());
    }
    Result<std::unique_ptr<DnnModel>> model = DnnModel::load(choice.model);
    if (!model) {
        return model.error();
    }
    const auto hints = choice.kind == EngineKind::hybrid ? DnnDetector::Hints::foreground
                                                         : DnnDetector::Hints::none;
    return std::unique_ptr<Detector>(
        std::make_unique<DnnDetector>(std::move(*model), WatchRegion(points), hints)
    );
}

}  // namespace cxedge::camera
