// SPDX-License-Identifier: Apache-2.0
#include "agent/base/result.hpp"

#include <system_error>

namespace cxedge {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::corrupt:
            return "corrupt";
        case ErrorCode::exhausted:
            return "exhausted";
    }
    return "unknown";
}

Error system_error(std::string_view what, int errno_value) {
    return unavailable(std::string(what) + ": " + std::generic_category().message(errno_value));
}

}  // namespace cxedge
