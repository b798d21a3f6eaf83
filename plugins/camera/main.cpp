// SPDX-License-Identifier: Apache-2.0
// cxedge-camera: the camera plugin's process, started by cxedged, and a tool to judge its counts.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "agent/plugin_api/plugin_main.hpp"

#include "plugins/camera/evaluate.hpp"
#include "plugins/camera/sandboxed_source.hpp"
#include "plugins/camera/tool_snapshot.hpp"

namespace {

using cxedge::Error;
using cxedge::ErrorCode;
namespace camera = cxedge::camera;

// As sysexits.h: what a script can do about it.
constexpr int kUsage = 64;
constexpr int kBadData = 65;
constexpr int kNoInput = 66;
constexpr int kUnavailable = 69;

int complain(const Error& error) {
    std::fprintf(stderr, "cxedge-camera: %s\n", error.message.c_str());
    switch (error.code) {
        case ErrorCode::invalid_argument:
            return kUsage;
        case ErrorCode::corrupt:
            return kBadData;
        case ErrorCode::not_found:
            return kNoInput;
        case ErrorCode::unavailable:
        case ErrorCode::exhausted:
            return kUnavailable;
    }
    return kUnavailable;
}

int run_evaluate(camera::EvaluateJob job, const std::string& line, bool json) {
    const auto points = camera::parse_line(line);
    if (!points) {
        return complain(points.error());
    }
    job.line = *points;
    const auto result = camera::evaluate(job);
    if (!result) {
        return complain(result.error());
    }
    const std::string text = json ? camera::to_json(*result) + "\n" : camera::to_text(*result);
    std::fputs(text.c_str(), stdout);
    return 0;
}

int run(int argc, char** argv) {
    CLI::App app{
        "Counts people who cross lines in the picture of a camera.\n"
        "Without a command it serves cxedged, which starts it (descriptor 3)."};
    app.require_subcommand(1);
    camera::EvaluateJob job;
    std::string line;
    bool json = false;
    CLI::App* evaluate = app.add_subcommand("evaluate", "Count a clip and compare with the truth");
    evaluate->add_option("--clip", job.clip, "Video file")->required();
    evaluate->add_option("--line", line, "x1,y1,x2,y2 in fractions of the picture")->required();
    evaluate->add_option("--truth", job.truth_file, "JSON file with counts made by people");
    evaluate->add_option("--fps", job.fps, "Pictures processed in a second")
        ->check(CLI::Range(6.0, 30.0));
    evaluate->add_flag("--json", json, "One JSON object instead of a table");
    camera::SnapshotRequest snapshot;
    CLI::App* show = app.add_subcommand("snapshot", "Write a picture without people, if allowed");
    show->add_option("--config", snapshot.config_file, "The box's own configuration file")
        ->default_val("/etc/cxedge/cxedged.toml");
    show->add_option("--source", snapshot.source, "Name of the camera in it")->required();
    show->add_option("--out", snapshot.out, "PNG file to write")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    if (show->parsed()) {
        const auto written = camera::write_snapshot(snapshot);
        return written ? 0 : complain(written.error());
    }
    return run_evaluate(job, line, json);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return argc > 1 ? run(argc, argv) : cxedge::plugin_main<camera::SandboxedSource>();
    } catch (const std::exception& error) {  // out of memory and the like: cxedged starts it again
        std::fputs(error.what(), stderr);
        return 1;
    }
}
