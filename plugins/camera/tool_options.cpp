// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/tool_options.hpp"

#include <cstdio>

namespace cxedge::camera {

int complain(const Error& error) {
    std::fprintf(stderr, "cxedge-camera: %s\n", error.message.c_str());
    switch (error.code) {
        case ErrorCode::invalid_argument:
            return kUsage;
        case ErrorCode::corrupt:
            return kBadData;
        case ErrorCode::not_found:
            return kNoInput;
        case ErrorCode::unavailable:
        case ErrorCode::exhausted:
            return kUnavailable;
    }
    return kUnavailable;
}

void add_engine_options(CLI::App& command, EngineSettings& settings) {
    command.add_option("--engine", settings.engine, "How people are found")
        ->check(CLI::IsMember({"auto", "motion", "dnn", "hybrid"}))
        ->capture_default_str();
    command.add_option("--profile", settings.profile, "How the camera looks at people")
        ->check(CLI::IsMember({"oblique", "overhead"}))
        ->capture_default_str();
    command.add_option("--model", settings.model, "ONNX file of a YOLOX network");
    command.add_option("--sha256", settings.sha256, "SHA-256 that the model must have");
}

}  // namespace cxedge::camera
