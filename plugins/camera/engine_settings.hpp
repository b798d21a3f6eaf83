// SPDX-License-Identifier: Apache-2.0
// How people are found, as an installer or a command line says it.
#pragma once

#include <string>

#include "agent/base/settings.hpp"

#include "plugins/camera/engine.hpp"
#include "plugins/camera/model_file.hpp"

namespace cxedge::camera {

struct EngineSettings {
    std::string engine = "auto";      // or motion, dnn, hybrid
    std::string profile = "oblique";  // or overhead
    std::string model;
    std::string sha256;
};

// What is asked for; "auto" is motion without a model, hybrid for the overhead profile, otherwise
// dnn. invalid_argument: a network is asked for, but none is named.
Result<EngineChoice> choose_engine(const EngineSettings& settings);

// T inherits EngineSettings.
template <class T>
void add_engine_settings(Schema<T>& schema) {
    schema
        .text(
            "engine",
            &T::engine,
            "How people are found: motion (needs no model), dnn (a network), hybrid (both); auto: "
            "motion without a model, else what suits the profile"
        )
        .one_of({"auto", "motion", "dnn", "hybrid"});
    schema
        .text(
            "profile",
            &T::profile,
            "How the camera looks at people: oblique (from the side or above the door) or overhead "
            "(straight down)"
        )
        .one_of({"oblique", "overhead"});
    schema.text("model", &T::model, "ONNX file of a YOLOX network (cxctl model check FILE)");
    schema
        .text(
            "sha256", &T::sha256, "SHA-256 of the model; another file is refused. Empty: any file"
        )
        .check(sha256_problem);
}

// What a schema cannot see. Every mistake goes to `problems`.
void check_engine_settings(
    const EngineSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::camera
