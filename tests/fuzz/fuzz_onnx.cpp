// SPDX-License-Identifier: Apache-2.0
// Model files that may be damaged or hostile.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/camera/onnx_graph.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    const auto graph = cxedge::camera::read_onnx(file);
    // What was accepted once must be accepted again after its operators were fused.
    if (graph && !cxedge::camera::read_onnx(cxedge::camera::fuse_swish(file, *graph))) {
        std::abort();
    }
    return 0;
}
