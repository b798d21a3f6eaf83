// SPDX-License-Identifier: Apache-2.0
// What a stream of STAMP packets says of the way, as figures. Pure. Thread: any.
#pragma once

#include "plugins/_probes/stamp_probe.hpp"

namespace cxedge::plugins {

// net.udp.*; `own`: this clock; one-way delays while both clocks together are wrong by less than
// `owd_max_error_ms`.
probes::Finding stamp_figures(
    const probes::StampOutcome& outcome, const KernelClock& own, double owd_max_error_ms
);

}  // namespace cxedge::plugins
