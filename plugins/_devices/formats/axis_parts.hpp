// SPDX-License-Identifier: Apache-2.0
// The kinds of messages of Axis. Include in axis*.cpp only.
#pragma once

#include "plugins/_devices/formats/build.hpp"

namespace cxedge::devices {

// AXIS Object Analytics. False: the message is none of it.
bool read_axis_objects(const Node& root, ReportBuilder& out);
// The data push and the occupancy of AXIS People Counter and its kin. False: none of it.
bool read_axis_retail(const Node& root, ReportBuilder& out);
// A sum of the camera's day.
SeriesInfo axis_daily(const char* metric, const std::string& door);

}  // namespace cxedge::devices
