// SPDX-License-Identifier: Apache-2.0
#include "agent/model/same_series.hpp"

#include <fmt/core.h>

namespace cxedge {

Status check_same(const SeriesInfo& first, const SeriesInfo& again) {
    if (first.kind == again.kind && first.states == again.states) {
        return {};
    }
    return invalid_argument(fmt::format(
        "{}: declared as {} before, now as {}",
        to_string(again.key),
        to_string(first.kind),
        to_string(again.kind)
    ));
}

}  // namespace cxedge
