// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/model_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

namespace cxedge::camera {
namespace {

constexpr std::uintmax_t kLargestFile = 64U << 20U;  // a nano network has 4 MB
constexpr int kLargestSide = 1280;
constexpr int kCoarsestStride = 32;
constexpr int kMostClasses = 1000;
// ONNX operators 7 to 13 mean what OpenCV 4.6 takes them for; 14 changed Reshape and others.
constexpr std::int64_t kOldestOpset = 7;
constexpr std::int64_t kNewestOpset = 13;

// What a YOLOX network is made of, and what OpenCV 4.6 was seen to run.
constexpr std::array<std::string_view, 14> kOperators{
    "Add",
    "BatchNormalization",
    "Concat",
    "Constant",
    "Conv",
    "LeakyRelu",
    "MaxPool",
    "Mul",
    "Relu",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Slice",
    "Transpose"};

std::string shape_text(const OnnxTensor& tensor) {
    return fmt::format("{} [{}]", tensor.name, fmt::join(tensor.dims, " x "));
}

Status check_operators(const OnnxGraph& graph) {
    for (const std::string& name : graph.operators()) {
        if (std::find(kOperators.begin(), kOperators.end(), name) == kOperators.end()) {
            return invalid_argument(fmt::format(
                "operator {} is not one that OpenCV 4.6 is known to run; known: {}",
                name,
                fmt::join(kOperators, ", ")
            ));
        }
    }
    if (graph.opset < kOldestOpset || graph.opset > kNewestOpset) {
        return invalid_argument(fmt::format(
            "opset {} is not within {} to {}; export the network with opset 11",
            graph.opset,
            kOldestOpset,
            kNewestOpset
        ));
    }
    return {};
}

Result<YoloxShape> input_shape(const OnnxGraph& graph) {
    if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
        return invalid_argument(fmt::format(
            "has {} inputs and {} outputs; a YOLOX network has one of each",
            graph.inputs.size(),
            graph.outputs.size()
        ));
    }
    const std::vector<std::int64_t>& dims = graph.inputs[0].dims;
    const auto side_fits = [](std::int64_t side) {
        return side > 0 && side <= kLargestSide && side % kCoarsestStride == 0;
    };
    const bool fits = dims.size() == 4 && dims[0] == 1 && dims[1] == 3 && side_fits(dims[2]) &&
                      side_fits(dims[3]);
    if (!fits) {
        return invalid_argument(fmt::format(
            "input {} must be [1 x 3 x height x width], both fixed multiples of {} up to {}",
            shape_text(graph.inputs[0]),
            kCoarsestStride,
            kLargestSide
        ));
    }
    YoloxShape shape;
    shape.height = static_cast<int>(dims[2]);
    shape.width = static_cast<int>(dims[3]);
    return shape;
}

bool is_class_count(std::int64_t values) {
    return values >= 6 && values <= 5 + kMostClasses;
}

}  // namespace

std::string sha256_of(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        text += fmt::format("{:02x}", digest.at(i));
    }
    return text;
}

std::string sha256_problem(const std::string& text) {
    const bool hex = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    return text.empty() || (hex && text.size() == 64)
               ? ""
               : "must be 64 hex digits in lower case, as sha256sum prints them";
}

Result<std::string> read_model_file(const std::string& path, const std::string& sha256) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
        return not_found(path + ": no such file");
    }
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (!error && size > kLargestFile) {
        return exhausted(fmt::format(
            "{}: {} MB; the largest model accepted has {} MB",
            path,
            size >> 20U,
            kLargestFile >> 20U
        ));
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return not_found(path + ": cannot be read; check its owner and mode");
    }
    std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (bytes.empty()) {
        return corrupt(path + ": the file is empty; copy it again");
    }
    if (const std::string found = sha256_of(bytes); !sha256.empty() && found != sha256) {
        return corrupt(fmt::format(
            "{}: its SHA-256 is {}, but the setting sha256 says {}: another or a damaged file",
            path,
            found,
            sha256
        ));
    }
    return bytes;
}

Result<YoloxShape> yolox_shape(const OnnxGraph& graph) {
    if (Status fine = check_operators(graph); !fine) {
        return fine.error();
    }
    Result<YoloxShape> input = input_shape(graph);
    if (!input) {
        return input;
    }
    YoloxShape shape = *input;
    const std::vector<std::int64_t>& dims = graph.outputs[0].dims;
    const auto cells = static_cast<std::int64_t>(shape.cells());
    const bool cells_last = dims.size() == 3 && dims[2] == cells && is_class_count(dims[1]);
    const bool cells_first = dims.size() == 3 && dims[1] == cells && is_class_count(dims[2]);
    if (!cells_last && !cells_first) {
        return invalid_argument(fmt::format(
            "output {} is not that of a YOLOX network of {}x{}: [1 x {} x 5 + classes], or the "
            "last two exchanged",
            shape_text(graph.outputs[0]),
            shape.width,
            shape.height,
            cells
        ));
    }
    shape.channels_first = cells_last;
    shape.classes = static_cast<int>((cells_last ? dims[1] : dims[2]) - 5);
    return shape;
}

}  // namespace cxedge::camera
