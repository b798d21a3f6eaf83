// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>

#include "plugins/camera/model_check.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace cxedge::camera {
namespace {

struct ModelOptions {
    ModelChoice model;
    bool json = false;
};

int run_model(const ModelOptions& options) {
    if (const std::string problem = sha256_problem(options.model.sha256); !problem.empty()) {
        return complain(invalid_argument("--sha256 " + problem));
    }
    const Result<ModelReport> report = check_model(options.model);
    if (!report) {
        return complain(report.error());
    }
    const std::string text = options.json ? to_json(*report) + "\n" : to_text(*report);
    std::fputs(text.c_str(), stdout);
    return 0;
}

}  // namespace

void add_model(CLI::App& app, ToolCommand& chosen) {
    const auto options = std::make_shared<ModelOptions>();
    CLI::App* model = app.add_subcommand("model", "About networks");
    model->require_subcommand(1);
    CLI::App* check = model->add_subcommand("check", "What a model is, and how fast it is here");
    check->add_option("file", options->model.path, "ONNX file")->required();
    check->add_option("--sha256", options->model.sha256, "Refuse any other file");
    check->add_flag("--json", options->json, "One JSON object instead of lines");
    check->callback([options, &chosen] {
        chosen = [options] {
            return run_model(*options);
        };
    });
}

}  // namespace cxedge::camera
