// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"

#include "plugins/camera/dnn_model.hpp"
#include "plugins/camera/onnx_graph.hpp"

namespace cxedge::camera {

// What a model file is and what it costs here.
struct ModelReport {
    std::string path;
    std::uint64_t size = 0;  // bytes
    std::string sha256;
    OnnxGraph graph;  // without its nodes
    std::vector<std::string> operators;
    YoloxShape shape;
    // First line of the file beside the model named like it plus ".licence": nothing in an ONNX
    // file says under which terms it may be used. Empty: nobody noted it.
    std::string licence;
    double fastest_ms = 0;  // processor time of one picture, of several tries
    double median_ms = 0;
};

// Errors as DnnModel::load().
Result<ModelReport> check_model(const ModelChoice& choice);

std::string to_text(const ModelReport& report);
std::string to_json(const ModelReport& report);

}  // namespace cxedge::camera
