// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>

#include "plugins/camera/calibrate.hpp"
#include "plugins/camera/evaluate.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace cxedge::camera {
namespace {

constexpr int kReadableWidth = 768;

struct CalibrateOptions {
    EngineSettings engine;
    std::string film;
    std::vector<std::string> lines;
    std::vector<std::string> zones;
    std::string png;
};

Result<SceneLayout> layout_of(const CalibrateOptions& options) {
    SceneLayout layout;
    for (const std::string& text : options.lines) {
        const Result<LinePoints> line = parse_line(text);
        if (!line) {
            return line.error();
        }
        layout.lines.push_back(*line);
    }
    for (const std::string& text : options.zones) {
        const Result<LinePoints> corners = parse_line(text);
        if (!corners || corners->size() < 6) {
            return invalid_argument("a zone is x1,y1,x2,y2,x3,y3,... in fractions: " + text);
        }
        Polygon& polygon = layout.zones.emplace_back().polygon;
        for (std::size_t i = 0; i + 1 < corners->size(); i += 2) {
            polygon.push_back({(*corners)[i], (*corners)[i + 1]});
        }
    }
    return layout;
}

int run_calibrate(const CalibrateOptions& options) {
    const Result<EngineChoice> engine = choose_engine(options.engine);
    if (!engine) {
        return complain(engine.error());
    }
    Result<SceneLayout> layout = layout_of(options);
    if (!layout) {
        return complain(layout.error());
    }
    ClipJob job{options.film, *engine, std::move(*layout)};
    job.least_width = kReadableWidth;
    const Result<Calibration> result = calibrate(job, options.png);
    if (!result) {
        return complain(result.error());
    }
    std::fputs(to_text(*result).c_str(), stdout);
    return 0;
}

}  // namespace

void add_calibrate(CLI::App& app, ToolCommand& chosen) {
    const auto options = std::make_shared<CalibrateOptions>();
    CLI::App* command = app.add_subcommand(
        "calibrate", "Draw lines, zones and the size of people into the emptiest picture of a film"
    );
    command->add_option("--clip", options->film, "Film of the camera, some minutes long")
        ->required();
    command->add_option("--line", options->lines, "x1,y1,x2,y2,... in fractions of the picture");
    command->add_option("--zone", options->zones, "x1,y1,x2,y2,x3,y3,... in fractions");
    command->add_option("--out", options->png, "PNG file to write")->required();
    add_engine_options(*command, options->engine);
    command->callback([options, &chosen] {
        chosen = [options] {
            return run_calibrate(*options);
        };
    });
}

}  // namespace cxedge::camera
