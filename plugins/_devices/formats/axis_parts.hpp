// SPDX-License-Identifier: Apache-2.0
// The kinds of messages of Axis. Include in axis*.cpp only.
#pragma once

#include "plugins/_devices/formats/build.hpp"

namespace cxedge::devices {

// AXIS Object Analytics. False: the message is none of it.
bool read_axis_objects(const Node& root, ReportBuilder& out);

}  // namespace cxedge::devices
