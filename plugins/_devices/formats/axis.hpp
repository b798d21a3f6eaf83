// SPDX-License-Identifier: Apache-2.0
// Axis: People Counter (live sum, CSV), 3D People Counter (JSON, CSV), Queue Monitor, Object
// Analytics (MQTT, ONVIF XML), direction events of the Publisher ACAP. Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_axis(const Message& message);

}  // namespace cxedge::devices
