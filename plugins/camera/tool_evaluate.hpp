// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace cxedge::camera {

// Runs the command that was chosen; returns the exit status.
using ToolCommand = std::function<int()>;

// cxedge-camera evaluate. Sets `chosen` when it is the one.
void add_evaluate(CLI::App& app, ToolCommand& chosen);

}  // namespace cxedge::camera
