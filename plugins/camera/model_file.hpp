// SPDX-License-Identifier: Apache-2.0
// A network on disk: which one it is and whether this program can run it, said before it is run.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.hpp"

#include "plugins/camera/onnx_graph.hpp"
#include "plugins/camera/yolox_output.hpp"

namespace cxedge::camera {

// The bytes of a model. not_found: no such file; corrupt: empty, or not the file whose SHA-256 is
// `sha256` (64 hex digits; empty: any); exhausted: larger than a small box can hold.
Result<std::string> read_model_file(const std::string& path, const std::string& sha256);

// 64 hex digits, lower case.
std::string sha256_of(std::string_view bytes);

// What is wrong with a sha256 setting, or empty. Empty text is fine.
std::string sha256_problem(const std::string& text);

// The shape of a YOLOX network that finds people. invalid_argument says what does not fit: input,
// output, operators, opset.
Result<YoloxShape> yolox_shape(const OnnxGraph& graph);

}  // namespace cxedge::camera
