// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <memory>

#include "plugins/camera/calibrate.hpp"
#include "plugins/camera/evaluate.hpp"
#include "plugins/camera/sandbox.hpp"
#include "plugins/camera/tool_box_camera.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace cxedge::camera {
namespace {

constexpr int kReadableWidth = 768;

struct CalibrateOptions {
    EngineSettings engine;      // of a film
    BoxCameraRequest camera;    // with a source: instead of a film
    std::int64_t seconds = 60;  // of a camera
    std::string film;
    std::vector<std::string> lines;
    std::vector<std::string> zones;
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
        layout.zones.emplace_back().polygon = polygon_of(*corners);
    }
    return layout;
}

Result<Calibration> calibrate_film(const CalibrateOptions& options, SceneLayout layout) {
    const Result<EngineChoice> engine = choose_engine(options.engine);
    if (!engine) {
        return engine.error();
    }
    ClipJob job{"file:" + options.film, *engine, std::move(layout)};
    job.least_width = kReadableWidth;
    return calibrate(job, nullptr);
}

// Lines and zones of the command line, to try them out, instead of the configured ones.
Result<Calibration> calibrate_camera(
    const BoxCamera& camera, const CalibrateOptions& options, SceneLayout tried
) {
    if (Status inside = enter_sandbox(SandboxNeeds::of(camera.settings.source)); !inside) {
        return inside.error();
    }
    Result<Anonymiser> anonymiser = Anonymiser::make(camera.engine);
    if (!anonymiser) {
        return anonymiser.error();
    }
    const bool nothing_tried = tried.lines.empty() && tried.zones.empty();
    ClipJob job{
        camera.address,
        camera.engine,
        nothing_tried ? camera.settings.layout() : std::move(tried),
        camera.settings.fps};
    job.least_width = kReadableWidth;
    job.masks = camera.settings.masks();
    job.length = std::chrono::seconds(options.seconds);
    return calibrate(job, &*anonymiser);
}

Status write_calibration(const CalibrateOptions& options) {
    if (options.film.empty() == options.camera.source.empty()) {
        return invalid_argument("calibrate needs --clip FILM or --source CAMERA");
    }
    Result<SceneLayout> layout = layout_of(options);
    if (!layout) {
        return layout.error();
    }
    const bool of_film = !options.film.empty();
    const Result<BoxCamera> camera =
        of_film ? Result<BoxCamera>(BoxCamera()) : find_box_camera(options.camera);
    if (!camera) {
        return camera.error();
    }
    const Result<UniqueFd> out = make_picture_file(options.camera.out);
    if (!out) {
        return out.error();
    }
    const Result<Calibration> result = of_film
                                           ? calibrate_film(options, std::move(*layout))
                                           : calibrate_camera(*camera, options, std::move(*layout));
    if (!result) {
        return result.error();
    }
    std::fputs(to_text(*result).c_str(), stdout);
    return write_picture(*out, result->picture);
}

}  // namespace

void add_calibrate(CLI::App& app, ToolCommand& chosen) {
    const auto options = std::make_shared<CalibrateOptions>();
    CLI::App* command = app.add_subcommand(
        "calibrate", "Draw lines, zones and the size of people into the emptiest picture"
    );
    command->add_option("--clip", options->film, "Film of the camera, some minutes long");
    add_box_camera_options(*command, options->camera);
    command->add_option("--seconds", options->seconds, "How long to look through --source")
        ->check(CLI::Range(10, 3600))
        ->capture_default_str();
    command->add_option("--line", options->lines, "x1,y1,x2,y2,... in fractions of the picture");
    command->add_option("--zone", options->zones, "x1,y1,x2,y2,x3,y3,... in fractions");
    command->add_option("--out", options->camera.out, "PNG file to write")->required();
    add_engine_options(*command, options->engine);
    command->callback([options, &chosen] {
        chosen = [options] {
            const Status written = write_calibration(*options);
            return written ? 0 : complain(written.error());
        };
    });
}

}  // namespace cxedge::camera
