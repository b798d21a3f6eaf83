// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/byte_codec.hpp"
#include "agent/model/series.hpp"

namespace cxedge::pipeline {

// A series' description for the journal. read_info() is false for bytes that save_info() did not
// write.
void save_info(const SeriesInfo& info, ByteWriter& bytes);
bool read_info(ByteReader& bytes, SeriesInfo& info);

}  // namespace cxedge::pipeline
