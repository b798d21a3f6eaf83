// SPDX-License-Identifier: Apache-2.0
// Series that are declared more than once. Thread: any.
#pragma once

#include "agent/base/result.hpp"
#include "agent/model/series.hpp"

namespace cxedge {

// Who declares a series again means the same: invalid_argument if its kind or its states are
// others.
Status check_same(const SeriesInfo& first, const SeriesInfo& again);

}  // namespace cxedge
