// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>

#include "plugins/camera/evaluate_report.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace cxedge::camera {
namespace {

// Debian's package opencv-doc puts vtest.avi here.
constexpr const char* kDebianClips = "/usr/share/doc/opencv-doc/examples/data";

struct EvaluateOptions {
    EngineSettings engine;
    std::string truth;
    std::vector<std::string> folders;
    std::string clip;
    std::vector<std::string> lines;
    double fps = 10;
    std::string film;
    bool json = false;
};

// One clip with lines from the command line, which nobody has counted.
Result<TruthFile> only_lines(const EvaluateOptions& options) {
    TruthFile truth;
    for (const std::string& text : options.lines) {
        const Result<LinePoints> line = parse_line(text);
        if (!line) {
            return line.error();
        }
        TruthLine& added = truth.lines.emplace_back();
        added.clip = std::filesystem::path(options.clip).filename().string();
        added.line = *line;
        added.known = false;
    }
    return truth;
}

Result<TruthFile> truth_of(const EvaluateOptions& options) {
    if (options.truth.empty()) {
        return only_lines(options);
    }
    Result<TruthFile> truth = read_truth(options.truth);
    if (truth && !options.clip.empty()) {
        const auto other = [&](const auto& entry) {
            return entry.clip != options.clip;
        };
        std::erase_if(truth->lines, other);
        std::erase_if(truth->zones, other);
        if (truth->lines.empty() && truth->zones.empty()) {
            return not_found(options.truth + ": nothing about clip " + options.clip);
        }
    }
    return truth;
}

std::vector<std::string> folders_of(const EvaluateOptions& options) {
    std::vector<std::string> folders = options.folders;
    const std::string& beside = options.truth.empty() ? options.clip : options.truth;
    folders.push_back(std::filesystem::path(beside).parent_path().string());
    folders.emplace_back(kDebianClips);
    return folders;
}

int run_evaluate(const EvaluateOptions& options) {
    if (options.truth.empty() && (options.clip.empty() || options.lines.empty())) {
        return complain(invalid_argument("evaluate needs --truth FILE, or --clip FILE and --line"));
    }
    const Result<EngineChoice> engine = choose_engine(options.engine);
    if (!engine) {
        return complain(engine.error());
    }
    Result<TruthFile> truth = truth_of(options);
    if (!truth) {
        return complain(truth.error());
    }
    const Result<Evaluation> result =
        evaluate({*engine, options.fps, std::move(*truth), folders_of(options), options.film});
    if (!result) {
        return complain(result.error());
    }
    const std::string text = options.json ? to_json(*result) + "\n" : to_text(*result);
    std::fputs(text.c_str(), stdout);
    return 0;
}

}  // namespace

void add_evaluate(CLI::App& app, ToolCommand& chosen) {
    const auto options = std::make_shared<EvaluateOptions>();
    CLI::App* command = app.add_subcommand("evaluate", "Count clips and compare with the truth");
    command->add_option("--truth", options->truth, "JSON file of what people saw in the clips");
    command->add_option(
        "--clips", options->folders, "Folder of the clips, if not beside the truth"
    );
    command->add_option("--clip", options->clip, "Only this clip of the truth; or a video file");
    command->add_option(
        "--line", options->lines, "Without a truth: x1,y1,x2,y2 in fractions of the picture"
    );
    command->add_option("--fps", options->fps, "Pictures processed in a second")
        ->check(CLI::Range(6.0, 30.0))
        ->capture_default_str();
    command->add_option(
        "--annotate", options->film, "Write the one clip with boxes, lines and totals to this .mp4"
    );
    command->add_flag("--json", options->json, "One JSON object instead of a table");
    add_engine_options(*command, options->engine);
    command->callback([options, &chosen] {
        chosen = [options] {
            return run_evaluate(*options);
        };
    });
}

}  // namespace cxedge::camera
