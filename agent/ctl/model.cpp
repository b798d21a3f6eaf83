// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/model.hpp"

#include <iostream>
#include <vector>

#include "agent/ctl/companion.hpp"

namespace cxedge::ctl {
namespace {

// What cxedge-camera says by its exit status (sysexits.h).
constexpr int kUsage = 64;
constexpr int kUnavailable = 69;

std::vector<std::string> arguments_of(const ModelOptions& options) {
    std::vector<std::string> arguments{"model", "check"};
    if (options.json) {
        arguments.emplace_back("--json");
    }
    if (!options.sha256.empty()) {
        arguments.emplace_back("--sha256");
        arguments.push_back(options.sha256);
    }
    arguments.emplace_back("--");
    arguments.push_back(options.file);
    return arguments;
}

ExitCode not_run(const Error& error) {
    if (error.code == ErrorCode::corrupt) {
        std::cerr << "cxctl: cxedge-camera crashed on this file\n";
        return ExitCode::failed;
    }
    std::cerr << "cxctl: " << error.message << "; it comes with the camera plugin\n";
    return ExitCode::unavailable;
}

}  // namespace

ExitCode run_model_check(const ModelOptions& options) {
    const std::string program =
        options.program.empty() ? companion_path("cxedge-camera") : options.program;
    const auto status = run_companion(program, arguments_of(options));
    if (!status) {
        return not_run(status.error());
    }
    switch (*status) {
        case 0:
            return ExitCode::ok;
        case kUsage:
            return ExitCode::usage;
        case kUnavailable:
            return ExitCode::unavailable;
        default:
            return ExitCode::failed;
    }
}

}  // namespace cxedge::ctl
