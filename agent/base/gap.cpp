// SPDX-License-Identifier: Apache-2.0
#include "agent/base/gap.hpp"

namespace cxedge {

std::string_view to_string(GapCause cause) {
    switch (cause) {
        case GapCause::unknown:
            return "unknown";
        case GapCause::quota:
            return "quota";
        case GapCause::age:
            return "age";
        case GapCause::corrupt:
            return "corrupt";
        case GapCause::uncommitted:
            return "uncommitted";
        case GapCause::overflow:
            return "overflow";
        case GapCause::split:
            return "split";
    }
    return "unknown";
}

}  // namespace cxedge
