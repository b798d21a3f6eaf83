// SPDX-License-Identifier: Apache-2.0
// Huawei Cloud VIAS: people who cross a line, people in a region (webhook). Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_vias(const Message& message);

}  // namespace cxedge::devices
