// SPDX-License-Identifier: Apache-2.0
// The index of a video in one file: box "sidx" (ISO/IEC 14496-12 section 8.16.3), which says where
// its segments are. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/probe_video/media.hpp"

namespace cxedge::plugins::video {

struct IndexedSegment {
    ByteRange range;        // of the file
    double duration_s = 0;  // above 0, at most kLongestSegmentS
};

// `at`: where in the file `bytes` begin; boxes before the index are passed over. At most
// kMostSegments. invalid_argument says what is wrong: no index, cut short, one of other indexes.
Result<std::vector<IndexedSegment>> parse_segment_index(std::string_view bytes, std::uint64_t at);

}  // namespace cxedge::plugins::video
