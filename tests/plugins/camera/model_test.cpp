// SPDX-License-Identifier: Apache-2.0
// Networks that are no good must be refused with a reason, before OpenCV sees them.
#include <cmath>
#include <fstream>

#include "plugins/camera/dnn_model.hpp"
#include "plugins/camera/model_file.hpp"
#include "plugins/camera/onnx_graph.hpp"
#include "plugins/camera/onnx_wire.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

namespace {

using camera::put_bytes;
using camera::put_varint;

std::string varint_field(std::uint32_t number, std::uint64_t value) {
    std::string out;
    put_varint(out, std::uint64_t{number} << 3U);
    put_varint(out, value);
    return out;
}

std::string bytes_field(std::uint32_t number, const std::string& bytes) {
    std::string out;
    put_bytes(out, number, bytes);
    return out;
}

std::string tensor(const std::string& name, const std::vector<std::uint64_t>& dims) {
    std::string shape;
    for (const std::uint64_t dim : dims) {
        shape += bytes_field(1, varint_field(1, dim));
    }
    return bytes_field(1, name) + bytes_field(2, bytes_field(1, bytes_field(2, shape)));
}

std::string node(
    const std::string& op, const std::vector<std::string>& inputs, const std::string& output
) {
    std::string out;
    for (const std::string& input : inputs) {
        out += bytes_field(1, input);
    }
    return bytes_field(1, out + bytes_field(2, output) + bytes_field(4, op));
}

struct Wanted {
    std::vector<std::uint64_t> input{1, 3, 64, 96};
    std::vector<std::uint64_t> output{1, 6, 126};  // 12 * 8 + 6 * 4 + 3 * 2 cells
    std::string nodes = node("Conv", {"images"}, "y") + node("Sigmoid", {"y"}, "s") +
                        node("Mul", {"y", "s"}, "output");
    std::uint64_t opset = 11;
};

std::string onnx(const Wanted& wanted) {
    const std::string graph = wanted.nodes + bytes_field(11, tensor("images", wanted.input)) +
                              bytes_field(12, tensor("output", wanted.output));
    return varint_field(1, 6) + bytes_field(2, "test") + bytes_field(7, graph) +
           bytes_field(8, varint_field(2, wanted.opset));
}

std::string problem_of(const Wanted& wanted) {
    const std::string file = onnx(wanted);
    const auto graph = camera::read_onnx(file);
    REQUIRE(graph.ok());
    const auto shape = camera::yolox_shape(*graph);
    return shape ? "" : shape.error().message;
}

}  // namespace

TEST_CASE("camera: an ONNX file says what network it holds", "[camera]") {
    const std::string file = onnx({});
    const auto graph = camera::read_onnx(file);
    REQUIRE(graph.ok());
    CHECK(graph->ir_version == 6);
    CHECK(graph->opset == 11);
    CHECK(graph->producer == "test");
    CHECK(graph->operators() == std::vector<std::string>{"Conv", "Mul", "Sigmoid"});
    const auto shape = camera::yolox_shape(*graph);
    REQUIRE(shape.ok());
    CHECK(shape->width == 96);
    CHECK(shape->height == 64);
    CHECK(shape->classes == 1);
    CHECK(shape->channels_first);
}

TEST_CASE("camera: an ONNX file cut off anywhere is refused", "[camera]") {
    const std::string file = onnx({});
    for (std::size_t length = 0; length < file.size(); ++length) {
        const auto graph = camera::read_onnx(std::string_view(file).substr(0, length));
        // Whole at the end of a field: without the opset nothing can be said about operators.
        CAPTURE(length);
        CHECK((!graph.ok() || !camera::yolox_shape(*graph).ok()));
    }
    CHECK_FALSE(camera::read_onnx("a text, no network").ok());
}

TEST_CASE("camera: x * sigmoid(x) becomes one operator", "[camera]") {
    const std::string file = onnx({});
    const std::string fused = camera::fuse_swish(file, *camera::read_onnx(file));
    const auto graph = camera::read_onnx(fused);
    REQUIRE(graph.ok());
    REQUIRE(graph->nodes.size() == 2);
    CHECK(graph->nodes[1].op == "Swish");
    CHECK(graph->nodes[1].inputs == std::vector<std::string>{"y"});
    CHECK(graph->nodes[1].outputs == std::vector<std::string>{"output"});
    // A sigmoid that something else needs, too, stays.
    Wanted shared;
    shared.nodes += node("Add", {"s", "output"}, "z");
    const std::string other = onnx(shared);
    const std::string kept = camera::fuse_swish(other, *camera::read_onnx(other));
    CHECK(camera::read_onnx(kept)->nodes.size() == 4);
}

TEST_CASE("camera: a network that does not fit is refused by what does not fit", "[camera]") {
    CHECK(problem_of({}).empty());
    Wanted wanted;
    wanted.input = {1, 3, 60, 96};
    CHECK_THAT(problem_of(wanted), Catch::Contains("input images [1 x 3 x 60 x 96]"));
    wanted = {};
    wanted.input = {1, 1, 64, 96};
    CHECK_THAT(problem_of(wanted), Catch::Contains("input images"));
    wanted = {};
    wanted.output = {1, 1000};
    CHECK_THAT(problem_of(wanted), Catch::Contains("output output [1 x 1000]"));
    wanted = {};
    wanted.opset = 17;
    CHECK_THAT(problem_of(wanted), Catch::Contains("opset 17"));
    wanted = {};
    wanted.nodes += node("Loop", {"a"}, "b");
    CHECK_THAT(problem_of(wanted), Catch::Contains("operator Loop"));
    wanted = {};
    wanted.output = {1, 126, 85};
    CHECK(problem_of(wanted).empty());
}

TEST_CASE("camera: a model file is refused for what is wrong with it", "[camera]") {
    const TempDir dir;
    const std::string path = dir.file("model.onnx");
    const auto problem = [&](const std::string& sha256) {
        const auto model = camera::DnnModel::load({path, sha256});
        REQUIRE_FALSE(model.ok());
        CHECK_THAT(model.error().message, Catch::Contains(path));
        return model.error();
    };
    CHECK(problem("").code == ErrorCode::not_found);
    std::ofstream(path) << "";
    CHECK_THAT(problem("").message, Catch::Contains("empty"));
    std::ofstream(path) << "no network";
    CHECK_THAT(problem("").message, Catch::Contains("not an ONNX file"));
    const Error other = problem(std::string(64, '0'));
    CHECK(other.code == ErrorCode::corrupt);
    CHECK_THAT(other.message, Catch::Contains(camera::sha256_of("no network")));
    // Looks right, but its convolution has no weights: OpenCV's answer is passed on.
    std::ofstream(path, std::ios::binary) << onnx({});
    CHECK_THAT(problem("").message, Catch::Contains("OpenCV cannot run"));
}

TEST_CASE("camera: SHA-256 as sha256sum prints it", "[camera]") {
    CHECK(
        camera::sha256_of("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    CHECK(camera::sha256_problem("").empty());
    CHECK(camera::sha256_problem(std::string(64, 'a')).empty());
    CHECK_FALSE(camera::sha256_problem("abc").empty());
    CHECK_FALSE(camera::sha256_problem(std::string(64, 'g')).empty());
}

TEST_CASE("camera: YOLOX numbers become boxes, best first, overlaps removed", "[camera]") {
    camera::YoloxShape shape{64, 32, 2, false};
    const std::size_t cells = shape.cells();
    REQUIRE(cells == 8 * 4 + 4 * 2 + 2 * 1);
    std::vector<float> numbers(cells * shape.values(), 0);
    const auto put = [&](std::size_t cell, std::vector<float> values) {
        std::copy(
            values.begin(),
            values.end(),
            numbers.begin() + static_cast<std::ptrdiff_t>(cell * shape.values())
        );
    };
    put(9, {0.5F, 0.5F, 0.7F, 1.0F, 0.8F, 0.9F, 0.1F});    // column 1, row 1 of the grid of 8
    put(10, {-0.5F, 0.5F, 0.7F, 1.0F, 0.7F, 0.9F, 0.1F});  // the same person
    put(30, {0.5F, 0.5F, 0.7F, 1.0F, 0.9F, 0.9F, 0.1F});   // another
    put(4, {0.5F, 0.5F, 0, 0, 0.9F, 0.05F, 0.9F});         // another class
    put(40, {0, 0, 90, 90, 1, 1, 0});                      // broken: e^90
    const auto found = camera::people_of(numbers.data(), shape, 0.3);
    REQUIRE(found.size() == 2);
    CHECK(found[0].score == Approx(0.81));
    CHECK(found[1].score == Approx(0.72));
    CHECK(found[1].box.centre().x == Approx(12));
    CHECK(found[1].box.centre().y == Approx(12));
    CHECK(found[1].box.width == Approx(8 * std::exp(0.7)));
}

}  // namespace cxedge::test
