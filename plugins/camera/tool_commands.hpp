// SPDX-License-Identifier: Apache-2.0
// The commands of cxedge-camera besides serving cxedged, one a file tool_*.cpp.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace cxedge::camera {

// Runs the command that was chosen; returns the exit status.
using ToolCommand = std::function<int()>;

// Each adds a command to `app`, which sets `chosen` when it is the one.
void add_evaluate(CLI::App& app, ToolCommand& chosen);
void add_calibrate(CLI::App& app, ToolCommand& chosen);
void add_model(CLI::App& app, ToolCommand& chosen);
void add_snapshot(CLI::App& app, ToolCommand& chosen);

}  // namespace cxedge::camera
