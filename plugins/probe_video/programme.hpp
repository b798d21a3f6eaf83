// SPDX-License-Identifier: Apache-2.0
// A video as a player sees it: its qualities, and which segment comes next. Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/probe_video/dash_manifest.hpp"
#include "plugins/probe_video/media.hpp"

namespace cxedge::plugins::video {

class Programme {
public:
    // `watch_s` of media are enough.
    explicit Programme(double watch_s) : watch_s_(watch_s) {}

    // The document at the video's address: master or media playlist, or manifest.
    // invalid_argument says why it is none.
    Status open(std::string_view text, const std::string& url);
    // DASH: the segments of a track, from the manifest.
    Status list_track(std::size_t track);
    // DASH: the bytes of the index that index_of() names.
    Status take_index(std::size_t track, std::string_view bytes);
    // HLS: the media playlist of a track, again and again while it is live.
    Status take_list(std::size_t track, std::string_view text, const std::string& url);

    // In the order of bandwidth; at least one after open().
    [[nodiscard]] const std::vector<Track>& tracks() const { return tracks_; }
    [[nodiscard]] std::string_view format() const { return is_dash() ? "DASH" : "HLS"; }
    // More is appended while it is played.
    [[nodiscard]] bool live() const { return sequence_.has_value(); }
    [[nodiscard]] bool is_dash() const { return dash_.has_value(); }
    [[nodiscard]] bool has_list(std::size_t track) const { return lists_[track].has_value(); }
    // Of a track that has a list: what has to be read before its segments are known. Null: nothing.
    [[nodiscard]] const Piece* index_of(std::size_t track) const;
    // What the last take_list() brought was known before.
    [[nodiscard]] bool unchanged() const { return unchanged_; }

    // For tracks that have a list. Null: none, or none yet.
    [[nodiscard]] const Segment* next(std::size_t track) const;
    // The track will have no more.
    [[nodiscard]] bool ended(std::size_t track) const { return lists_[track]->ended; }
    [[nodiscard]] double target_s(std::size_t track) const { return lists_[track]->target_s; }
    [[nodiscard]] const Piece* init_of(std::size_t track, const Segment& segment) const;
    // The segment that next(track) gave has been fetched.
    void pass(std::size_t track);

private:
    Status keep(std::size_t track, MediaList list);
    void begin_live(const MediaList& list);
    [[nodiscard]] std::size_t index_of_next(const MediaList& list) const;

    double watch_s_;
    std::optional<DashManifest> dash_;
    std::vector<Track> tracks_;
    std::vector<std::optional<MediaList>> lists_;
    // Tracks of a live video have their sequence numbers in common, others the time.
    std::optional<std::uint64_t> sequence_;
    double position_s_ = 0;
    bool unchanged_ = false;
};

}  // namespace cxedge::plugins::video
