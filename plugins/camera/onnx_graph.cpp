// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/onnx_graph.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "plugins/camera/onnx_wire.hpp"

namespace cxedge::camera {
namespace {

// Field numbers of onnx.proto3 (ONNX 1.x; they never change).
constexpr std::uint32_t kModelIrVersion = 1;
constexpr std::uint32_t kModelProducer = 2;
constexpr std::uint32_t kModelGraph = 7;
constexpr std::uint32_t kModelOpset = 8;
constexpr std::uint32_t kOpsetDomain = 1;
constexpr std::uint32_t kOpsetVersion = 2;
constexpr std::uint32_t kGraphNode = 1;
constexpr std::uint32_t kGraphWeight = 5;
constexpr std::uint32_t kGraphInput = 11;
constexpr std::uint32_t kGraphOutput = 12;
constexpr std::uint32_t kNodeInput = 1;
constexpr std::uint32_t kNodeOutput = 2;
constexpr std::uint32_t kNodeName = 3;
constexpr std::uint32_t kNodeOp = 4;
constexpr std::uint32_t kWeightName = 8;
constexpr std::uint32_t kWeightPlace = 14;  // 1 = in another file
constexpr std::uint32_t kValueName = 1;
constexpr std::uint32_t kValueType = 2;
constexpr std::uint32_t kTypeTensor = 1;
constexpr std::uint32_t kTensorShape = 2;
constexpr std::uint32_t kShapeDim = 1;
constexpr std::uint32_t kDimValue = 1;

// Calls `each` for every field; false when the message is broken.
template <class Each>
bool for_each_field(std::string_view message, Each each) {
    WireReader reader(message);
    WireField field;
    while (reader.next(field)) {
        each(field);
    }
    return !reader.broken();
}

// The last field `number` of a message, as bytes; empty if there is none.
std::string_view member(std::string_view message, std::uint32_t number) {
    std::string_view found;
    for_each_field(message, [&](const WireField& field) {
        found = field.is_bytes(number) ? field.bytes : found;
    });
    return found;
}

std::int64_t dimension(std::string_view message) {
    std::int64_t size = -1;
    for_each_field(message, [&](const WireField& field) {
        size = field.is_varint(kDimValue) ? static_cast<std::int64_t>(field.value) : size;
    });
    return size;
}

OnnxTensor tensor_of(std::string_view value_info) {
    OnnxTensor tensor{std::string(member(value_info, kValueName)), {}};
    const std::string_view type = member(member(value_info, kValueType), kTypeTensor);
    for_each_field(member(type, kTensorShape), [&](const WireField& field) {
        if (field.is_bytes(kShapeDim)) {
            tensor.dims.push_back(dimension(field.bytes));
        }
    });
    return tensor;
}

OnnxNode node_of(std::string_view bytes) {
    OnnxNode node;
    node.bytes = bytes;
    for_each_field(bytes, [&](const WireField& field) {
        if (field.is_bytes(kNodeInput)) {
            node.inputs.emplace_back(field.bytes);
        } else if (field.is_bytes(kNodeOutput)) {
            node.outputs.emplace_back(field.bytes);
        } else if (field.is_bytes(kNodeOp)) {
            node.op = field.bytes;
        }
    });
    return node;
}

class GraphReader {
public:
    explicit GraphReader(OnnxGraph& graph) : graph_(graph) {}

    bool read(std::string_view bytes) {
        const bool whole = for_each_field(bytes, [this](const WireField& field) { take(field); });
        // Old files list the weights among the inputs, too.
        std::erase_if(graph_.inputs, [this](const OnnxTensor& input) {
            return weight_names_.count(input.name) > 0;
        });
        return whole;
    }
    [[nodiscard]] bool weights_elsewhere() const { return elsewhere_; }

private:
    OnnxGraph& graph_;
    std::set<std::string> weight_names_;
    bool elsewhere_ = false;

    void take(const WireField& field) {
        if (field.is_bytes(kGraphNode)) {
            graph_.nodes.push_back(node_of(field.bytes));
        } else if (field.is_bytes(kGraphWeight)) {
            weigh(field.bytes);
        } else if (field.is_bytes(kGraphInput)) {
            graph_.inputs.push_back(tensor_of(field.bytes));
        } else if (field.is_bytes(kGraphOutput)) {
            graph_.outputs.push_back(tensor_of(field.bytes));
        }
    }
    void weigh(std::string_view weight) {
        graph_.weights += weight.size();
        weight_names_.emplace(member(weight, kWeightName));
        for_each_field(weight, [this](const WireField& field) {
            elsewhere_ = elsewhere_ || (field.is_varint(kWeightPlace) && field.value == 1);
        });
    }
};

std::int64_t standard_opset(std::string_view bytes) {
    std::int64_t version = 0;
    bool standard = true;
    for_each_field(bytes, [&](const WireField& field) {
        if (field.is_bytes(kOpsetDomain)) {
            standard = field.bytes.empty() || field.bytes == "ai.onnx";
        } else if (field.is_varint(kOpsetVersion)) {
            version = static_cast<std::int64_t>(field.value);
        }
    });
    return standard ? version : 0;
}

bool is_swish(const OnnxNode& mul, const OnnxNode& sigmoid) {
    const std::string& x = sigmoid.inputs[0];
    const std::string& y = sigmoid.outputs[0];
    return mul.inputs.size() == 2 && ((mul.inputs[0] == x && mul.inputs[1] == y) ||
                                      (mul.inputs[0] == y && mul.inputs[1] == x));
}

// Sigmoids whose result is used once only, by the result's name.
std::map<std::string, const OnnxNode*> private_sigmoids(const OnnxGraph& graph) {
    std::map<std::string, int> uses;
    for (const OnnxTensor& output : graph.outputs) {
        ++uses[output.name];
    }
    for (const OnnxNode& node : graph.nodes) {
        for (const std::string& input : node.inputs) {
            ++uses[input];
        }
    }
    std::map<std::string, const OnnxNode*> found;
    for (const OnnxNode& node : graph.nodes) {
        const bool whole =
            node.op == "Sigmoid" && node.inputs.size() == 1 && node.outputs.size() == 1;
        if (whole && uses[node.outputs[0]] == 1) {
            found[node.outputs[0]] = &node;
        }
    }
    return found;
}

// What becomes of the nodes that a fusion touches, by where they stand in the file.
using Replacements = std::map<const char*, std::string>;

void fuse(const OnnxNode& product, const OnnxNode& sigmoid, Replacements& replaced) {
    std::string swish;
    put_bytes(swish, kNodeInput, sigmoid.inputs[0]);
    put_bytes(swish, kNodeOutput, product.outputs.at(0));
    put_bytes(swish, kNodeName, "Swish_" + product.outputs[0]);
    put_bytes(swish, kNodeOp, "Swish");
    replaced[product.bytes.data()] = std::move(swish);
    replaced[sigmoid.bytes.data()].clear();
}

Replacements fused_nodes(const OnnxGraph& graph) {
    const auto sigmoids = private_sigmoids(graph);
    Replacements replaced;
    const auto fuse_by = [&](const OnnxNode& product, const std::string& input) {
        const auto sigmoid = sigmoids.find(input);
        if (sigmoid != sigmoids.end() && is_swish(product, *sigmoid->second)) {
            fuse(product, *sigmoid->second, replaced);
        }
    };
    for (const OnnxNode& node : graph.nodes) {
        if (node.op == "Mul" && node.inputs.size() == 2) {
            fuse_by(node, node.inputs[0]);
            fuse_by(node, node.inputs[1]);
        }
    }
    return replaced;
}

std::string rewritten_graph(std::string_view bytes, const Replacements& replaced) {
    std::string out;
    out.reserve(bytes.size());
    for_each_field(bytes, [&](const WireField& field) {
        const auto other =
            field.is_bytes(kGraphNode) ? replaced.find(field.bytes.data()) : replaced.end();
        if (other == replaced.end()) {
            out += field.raw;
        } else if (!other->second.empty()) {
            put_bytes(out, kGraphNode, other->second);
        }
    });
    return out;
}

}  // namespace

std::vector<std::string> OnnxGraph::operators() const {
    std::set<std::string> names;
    for (const OnnxNode& node : nodes) {
        names.insert(node.op);
    }
    return {names.begin(), names.end()};
}

Result<OnnxGraph> read_onnx(std::string_view file) {
    OnnxGraph graph;
    GraphReader reader(graph);
    WireReader model(file);
    WireField field;
    bool whole = true;
    while (model.next(field)) {
        if (field.is_varint(kModelIrVersion)) {
            graph.ir_version = static_cast<std::int64_t>(field.value);
        } else if (field.is_bytes(kModelProducer)) {
            graph.producer = field.bytes;
        } else if (field.is_bytes(kModelOpset)) {
            graph.opset = std::max(graph.opset, standard_opset(field.bytes));
        } else if (field.is_bytes(kModelGraph)) {
            whole = reader.read(field.bytes) && whole;
        }
    }
    // An ONNX file begins with its IR version; a cut one ends inside the graph, its longest part.
    if (graph.ir_version <= 0) {
        return corrupt("not an ONNX file");
    }
    if (model.broken() || !whole) {
        return corrupt(
            "cut off or damaged at byte " + std::to_string(model.position()) + " of " +
            std::to_string(file.size())
        );
    }
    if (graph.nodes.empty()) {
        return corrupt("an ONNX file without a network");
    }
    if (reader.weights_elsewhere()) {
        return invalid_argument("its weights are in another file; export it with weights inside");
    }
    return graph;
}

std::string fuse_swish(std::string_view file, const OnnxGraph& graph) {
    const Replacements replaced = fused_nodes(graph);
    std::string out;
    out.reserve(file.size());
    for_each_field(file, [&](const WireField& field) {
        if (field.is_bytes(kModelGraph)) {
            put_bytes(out, kModelGraph, rewritten_graph(field.bytes, replaced));
        } else {
            out += field.raw;
        }
    });
    return out;
}

}  // namespace cxedge::camera
