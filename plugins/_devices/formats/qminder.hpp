// SPDX-License-Identifier: Apache-2.0
// Qminder, queues with tickets: webhooks about tickets. Who the customer is stays outside.
// Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_qminder(const Message& message);

}  // namespace cxedge::devices
