// SPDX-License-Identifier: Apache-2.0
// cxedge-camera: the camera plugin's process, started by cxedged, and a tool to judge its counts.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "agent/base/version.hpp"
#include "agent/plugin_api/plugin_main.hpp"

#include "plugins/camera/sandboxed_source.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace {

namespace camera = cxedge::camera;

int run_tool(int argc, char** argv) {
    CLI::App app{
        "Counts people who cross lines in the picture of a camera.\n"
        "Without a command it serves cxedged, which starts it (descriptor 3)."};
    app.set_version_flag("--version", "cxedge-camera " + std::string(cxedge::version()));
    app.require_subcommand(1);
    camera::ToolCommand chosen;
    camera::add_evaluate(app, chosen);
    camera::add_calibrate(app, chosen);
    camera::add_model(app, chosen);
    camera::add_snapshot(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : camera::kUsage;
    }
    return chosen();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return argc > 1 ? run_tool(argc, argv) : cxedge::plugin_main<camera::SandboxedSource>();
    } catch (const std::exception& error) {  // out of memory and the like: cxedged starts it again
        std::fputs(error.what(), stderr);
        return 1;
    }
}
