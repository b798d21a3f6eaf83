// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/engine_settings.hpp"

namespace cxedge::camera {
namespace {

EngineKind kind_of(const EngineSettings& settings) {
    if (settings.engine == "dnn") {
        return EngineKind::dnn;
    }
    if (settings.engine == "hybrid") {
        return EngineKind::hybrid;
    }
    if (settings.engine == "motion" || settings.model.empty()) {
        return EngineKind::motion;
    }
    return settings.profile == "overhead" ? EngineKind::hybrid : EngineKind::dnn;
}

}  // namespace

Result<EngineChoice> choose_engine(const EngineSettings& settings) {
    const EngineKind kind = kind_of(settings);
    if (kind == EngineKind::motion) {
        return EngineChoice{kind, {}};
    }
    if (settings.model.empty()) {
        return invalid_argument("engine " + settings.engine + " needs a model");
    }
    return EngineChoice{kind, {settings.model, settings.sha256}};
}

void check_engine_settings(
    const EngineSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* engine = node.find("engine");
    if (!choose_engine(settings) && engine != nullptr) {
        problems.add(
            engine->position,
            "engine",
            "\"" + settings.engine + "\" needs a network: name its ONNX file with model"
        );
    }
    const SettingsNode* sha256 = node.find("sha256");
    if (sha256 != nullptr && settings.model.empty()) {
        problems.add(sha256->position, "sha256", "belongs to a model, but model is missing");
    }
}

}  // namespace cxedge::camera
