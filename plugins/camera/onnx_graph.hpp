// SPDX-License-Identifier: Apache-2.0
// What an ONNX file says about itself, read before any library builds a network from it. Reads the
// protobuf wire format directly: four message types are needed, and every length is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::camera {

struct OnnxTensor {
    std::string name;
    std::vector<std::int64_t> dims;  // -1 = not fixed
};

struct OnnxNode {
    std::string op;
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::string_view bytes;  // the node as it stands in the file
};

// Views point into the bytes it was read from.
struct OnnxGraph {
    std::int64_t ir_version = 0;
    std::int64_t opset = 0;  // of the standard operators
    std::string producer;
    std::vector<OnnxTensor> inputs;  // without weights
    std::vector<OnnxTensor> outputs;
    std::vector<OnnxNode> nodes;
    std::uint64_t weights = 0;  // bytes

    // Sorted, each once.
    [[nodiscard]] std::vector<std::string> operators() const;
};

// `corrupt`: not ONNX, or cut off; says at which byte. invalid_argument: weights in another file.
Result<OnnxGraph> read_onnx(std::string_view file);

// x * sigmoid(x), written as two operators, as one operator "Swish": a third of the time of a
// YOLOX network goes into moving these numbers to and fro. `file` is what `graph` was read from.
std::string fuse_swish(std::string_view file, const OnnxGraph& graph);

}  // namespace cxedge::camera
