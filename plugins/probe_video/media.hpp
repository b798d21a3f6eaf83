// SPDX-License-Identifier: Apache-2.0
// What a playlist or manifest says of a video, whatever its format. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cxedge::plugins::video {

// Of one playlist or manifest. A day of segments of four seconds; a box never watches that long.
inline constexpr std::size_t kMostSegments = 20'000;
inline constexpr std::size_t kMostTracks = 64;
inline constexpr std::size_t kLargestPlaylist = 4U << 20U;
inline constexpr std::size_t kLongestUrl = 2'048;
// Of one segment: longer ones are a mistake of the playlist.
inline constexpr double kLongestSegmentS = 3'600;

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t length = 0;  // at least 1
    bool operator==(const ByteRange&) const = default;
};

// What one request fetches.
struct Piece {
    std::string url;                 // http or https, absolute
    std::optional<ByteRange> range;  // nothing: all of it
    bool operator==(const Piece&) const = default;
};

struct Segment {
    Piece data;
    double duration_s = 0;            // above 0, at most kLongestSegmentS
    std::optional<std::size_t> init;  // MediaList::inits: what a decoder needs before it
    bool discontinuity = false;       // a new encoding begins with it
};

// The segments of one track, in the order of play.
struct MediaList {
    std::vector<Segment> segments;
    std::vector<Piece> inits;
    // Where the segments of a video in one file are told; until that is read the file is one.
    std::optional<Piece> index;
    std::uint64_t first_sequence = 0;  // of segments[0]
    bool ended = true;                 // false: more will be appended (live)
    double target_s = 0;               // no segment is longer, nearly
};

// One quality of the video.
struct Track {
    std::uint64_t bandwidth = 0;  // bit/s at most, as the server says; 0: unknown
    std::string name;             // for people: "1280x720", "v2", or empty
    std::string list_url;         // HLS: of its media playlist
};

}  // namespace cxedge::plugins::video
