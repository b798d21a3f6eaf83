// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/result.hpp"

namespace cxedge::ctl {

// What cxctl's exit status tells a script; listed in `cxctl --help`.
enum class ExitCode : int {
    ok = 0,
    failed = 1,       // the answer is no: a problem was found, a payload does not decode
    usage = 2,        // the command line is wrong
    unavailable = 3,  // nobody answers: worth trying again
};

constexpr ExitCode exit_code_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::invalid_argument:
            return ExitCode::usage;
        case ErrorCode::unavailable:
            return ExitCode::unavailable;
        case ErrorCode::not_found:
        case ErrorCode::corrupt:
        case ErrorCode::exhausted:
            return ExitCode::failed;
    }
    return ExitCode::failed;
}

}  // namespace cxedge::ctl
