// SPDX-License-Identifier: Apache-2.0
// Sensors of Xovis: firmware 5 (logics, live and status push) and firmware 3 and 4 (JSON, XML),
// two unrelated schemas that are told apart by the message. Pure. Thread: any.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_xovis(const Message& message);

}  // namespace cxedge::devices
