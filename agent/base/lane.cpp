// SPDX-License-Identifier: Apache-2.0
#include "agent/base/lane.hpp"

namespace cxedge {

std::string_view to_string(Lane lane) {
    switch (lane) {
        case Lane::control:
            return "control";
        case Lane::live:
            return "live";
        case Lane::bulk:
            return "bulk";
    }
    return "unknown";
}

std::string_view to_string(Stream stream) {
    switch (stream) {
        case Stream::event:
            return "evt";
        case Stream::kpi:
            return "kpi";
        case Stream::bulk:
            return "bulk";
        case Stream::health:
            return "health";
    }
    return "unknown";
}

}  // namespace cxedge
