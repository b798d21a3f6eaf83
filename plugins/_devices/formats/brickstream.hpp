// SPDX-License-Identifier: Apache-2.0
// Brickstream and FLIR 3D sensors: metrics, real-time totals, heartbeats; XML, or JSON of the
// second generation with the same names. Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_brickstream(const Message& message);

}  // namespace cxedge::devices
