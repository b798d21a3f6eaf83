// SPDX-License-Identifier: Apache-2.0
// The kinds of messages of Hikvision. Include in hikvision*.cpp only.
#pragma once

#include "plugins/_devices/formats/build.hpp"

namespace cxedge::devices {

// An alert: of people counting, of a queue, of the camera itself.
void read_hikvision_alert(const Node& alert, ReportBuilder& out);
// personQueueTime as metadata: how long somebody has waited.
void read_hikvision_queue_time(const Node& metadata, ReportBuilder& out);

}  // namespace cxedge::devices
