// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/model_check.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "plugins/camera/cpu_time.hpp"
#include "plugins/camera/model_file.hpp"

namespace cxedge::camera {
namespace {

constexpr int kTries = 15;
constexpr double kUsualFps = 10;
constexpr std::uint8_t kGrey = 128;

std::string noted_licence(const std::string& model) {
    std::ifstream file(model + ".licence");
    std::string line;
    std::getline(file, line);
    return line;
}

void time_model(DnnModel& model, ModelReport& report) {
    Frame frame;
    frame.width = model.shape().width;
    frame.height = model.shape().height;
    const std::size_t pixels =
        static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.height);
    frame.bgr.assign(pixels * 3, kGrey);
    std::vector<double> times;
    for (int i = 0; i < kTries; ++i) {
        const double start = thread_cpu_s();
        model.find(frame, {0, 0, double(frame.width), double(frame.height)});
        times.push_back((thread_cpu_s() - start) * 1000);
    }
    std::sort(times.begin(), times.end());
    report.fastest_ms = times.front();
    report.median_ms = times[times.size() / 2];
}

}  // namespace

Result<ModelReport> check_model(const ModelChoice& choice) {
    const Result<std::unique_ptr<DnnModel>> model = DnnModel::load(choice);
    if (!model) {
        return model.error();
    }
    const Result<std::string> bytes = read_model_file(choice.path, choice.sha256);
    if (!bytes) {
        return bytes.error();
    }
    Result<OnnxGraph> graph = read_onnx(*bytes);
    if (!graph) {
        return graph.error();
    }
    ModelReport report;
    report.path = choice.path;
    report.size = bytes->size();
    report.sha256 = sha256_of(*bytes);
    report.operators = graph->operators();
    report.graph = std::move(*graph);
    report.graph.nodes.clear();  // they point into the file's bytes
    report.shape = (*model)->shape();
    report.licence = noted_licence(choice.path);
    time_model(**model, report);
    return report;
}

std::string to_text(const ModelReport& report) {
    const std::string licence =
        report.licence.empty() ? "not noted: write it into " + report.path + ".licence, first line"
                               : report.licence;
    std::string text = fmt::format("file       {}, {} bytes\n", report.path, report.size);
    text += fmt::format("sha256     {}\n", report.sha256);
    text += fmt::format(
        "format     ONNX {}, opset {}, by {}, {} bytes of weights\n",
        report.graph.ir_version,
        report.graph.opset,
        report.graph.producer.empty() ? "nobody it names" : report.graph.producer,
        report.graph.weights
    );
    text += fmt::format(
        "network    YOLOX, pictures of {} x {}, {} class(es), the first is taken for a person\n",
        report.shape.width,
        report.shape.height,
        report.shape.classes
    );
    text += fmt::format("operators  {}\n", fmt::join(report.operators, " "));
    text += fmt::format("licence    {}\n", licence);
    text += fmt::format(
        "speed      {:.1f} ms of processor time a picture here (median; fastest {:.1f}): {:.0f} % "
        "of "
        "a core at {:.0f} a second\n",
        report.median_ms,
        report.fastest_ms,
        report.median_ms * kUsualFps / 10,
        kUsualFps
    );
    return text;
}

std::string to_json(const ModelReport& report) {
    return nlohmann::json{
        {"path", report.path},
        {"bytes", report.size},
        {"sha256", report.sha256},
        {"opset", report.graph.opset},
        {"producer", report.graph.producer},
        {"width", report.shape.width},
        {"height", report.shape.height},
        {"classes", report.shape.classes},
        {"operators", report.operators},
        {"licence", report.licence},
        {"cpu_ms_median", report.median_ms},
        {"cpu_ms_fastest", report.fastest_ms},
    }
        .dump(2);
}

}  // namespace cxedge::camera
