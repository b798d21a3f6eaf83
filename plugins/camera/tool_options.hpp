// SPDX-License-Identifier: Apache-2.0
// What the commands of cxedge-camera have in common.
#pragma once

#include <CLI/CLI.hpp>

#include "plugins/camera/engine_settings.hpp"

namespace cxedge::camera {

// As sysexits.h: what a script can do about it.
inline constexpr int kUsage = 64;
inline constexpr int kBadData = 65;
inline constexpr int kNoInput = 66;
inline constexpr int kUnavailable = 69;

// Says what is wrong on stderr; returns the exit status.
int complain(const Error& error);

// --engine, --profile, --model, --sha256
void add_engine_options(CLI::App& command, EngineSettings& settings);

}  // namespace cxedge::camera
