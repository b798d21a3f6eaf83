// SPDX-License-Identifier: Apache-2.0
// Hikvision ISAPI: answer of the counting search, alerts of alertStream and of pushes (people
// counting, queues, alarms of the camera). Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_hikvision(const Message& message);

}  // namespace cxedge::devices
