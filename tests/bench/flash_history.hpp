// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cxedge::bench {

// Prints what the history of a box costs the flash: days of samples, one a minute and series,
// through the real store on a clock that runs ahead.
void print_history_cost();

}  // namespace cxedge::bench
