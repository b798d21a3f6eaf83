// SPDX-License-Identifier: Apache-2.0
// Milesight people counters VS121, VS13x, VS350 (LoRaWAN): the payload as bytes, hex, base64 or
// inside the JSON of a network server. Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_milesight(const Message& message);

}  // namespace cxedge::devices
