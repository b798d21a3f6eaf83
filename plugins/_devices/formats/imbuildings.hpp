// SPDX-License-Identifier: Apache-2.0
// IMBuildings people counters (LoRaWAN, NB-IoT): JSON of the cloud and of the vendor's parser,
// and the payload itself. Two channels are the two directions. Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_imbuildings(const Message& message);

}  // namespace cxedge::devices
