// SPDX-License-Identifier: Apache-2.0
// HLS playlists (RFC 8216). Pure. Thread: any.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/probe_video/media.hpp"

namespace cxedge::plugins::video {

// The tracks of a master playlist in the order of bandwidth, or the segments of a media playlist.
using HlsPlaylist = std::variant<std::vector<Track>, MediaList>;

bool is_hls(std::string_view text);

// `url` is where the text came from. Unknown tags are passed over (RFC 8216 section 6.3.1).
// invalid_argument says what is wrong: no playlist, a number that is none, a reference that leads
// nowhere, more than kMostSegments (with their maps) or kMostTracks. A list without segments is no
// mistake: a live one begins so.
Result<HlsPlaylist> parse_hls(std::string_view text, std::string_view url);

}  // namespace cxedge::plugins::video
