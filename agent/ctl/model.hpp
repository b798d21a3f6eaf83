// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct ModelOptions {
    std::string file;
    std::string sha256;  // empty: any
    bool json = false;
    // The program that knows networks; cxctl itself carries no OpenCV. Empty: cxedge-camera beside
    // this program.
    std::string program;
};

// `cxedge-camera model check`, its output and its answer.
ExitCode run_model_check(const ModelOptions& options);

}  // namespace cxedge::ctl
