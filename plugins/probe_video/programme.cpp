// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/programme.hpp"

#include <algorithm>
#include <utility>

#include "plugins/probe_video/hls_playlist.hpp"
#include "plugins/probe_video/segment_index.hpp"

namespace cxedge::plugins::video {
namespace {

// RFC 8216 section 6.3.3: a client does not begin closer than this to the end of a live list.
constexpr double kTargetsFromEnd = 3;

std::uint64_t end_of(const MediaList& list) {
    return list.first_sequence + list.segments.size();
}

}  // namespace

Status Programme::open(std::string_view text, const std::string& url) {
    if (video::is_dash(text)) {
        Result<DashManifest> dash = DashManifest::parse(text, url);
        if (!dash) {
            return dash.error();
        }
        dash_ = std::move(*dash);
        tracks_ = dash_->tracks();
        lists_.resize(tracks_.size());
        return {};
    }
    Result<HlsPlaylist> hls = parse_hls(text, url);
    if (!hls) {
        return hls.error();
    }
    if (auto* const tracks = std::get_if<std::vector<Track>>(&*hls)) {
        tracks_ = std::move(*tracks);
        lists_.resize(tracks_.size());
        return {};
    }
    tracks_ = {{0, "", url}};
    lists_.resize(1);
    return keep(0, std::move(std::get<MediaList>(*hls)));
}

Status Programme::list_track(std::size_t track) {
    Result<MediaList> list = dash_->media(track, watch_s_);
    return list ? keep(track, std::move(*list)) : Status(list.error());
}

const Piece* Programme::index_of(std::size_t track) const {
    const std::optional<Piece>& index = lists_[track]->index;
    return index ? &*index : nullptr;
}

Status Programme::take_index(std::size_t track, std::string_view bytes) {
    MediaList& list = *lists_[track];
    const auto indexed = parse_segment_index(bytes, list.index->range->first);
    if (!indexed) {
        return indexed.error();
    }
    const Segment file = list.segments.front();
    list.index.reset();
    list.segments.clear();
    for (const IndexedSegment& each : *indexed) {
        list.segments.push_back({{file.data.url, each.range}, each.duration_s, file.init, false});
    }
    return {};
}

Status Programme::take_list(std::size_t track, std::string_view text, const std::string& url) {
    Result<HlsPlaylist> hls = parse_hls(text, url);
    if (!hls) {
        return hls.error();
    }
    if (!std::holds_alternative<MediaList>(*hls)) {
        return invalid_argument("a master playlist where a media playlist should be");
    }
    return keep(track, std::move(std::get<MediaList>(*hls)));
}

Status Programme::keep(std::size_t track, MediaList list) {
    if (list.ended && list.segments.empty()) {
        return invalid_argument("a playlist without segments");
    }
    std::optional<MediaList>& held = lists_[track];
    unchanged_ = held && end_of(*held) == end_of(list) && held->ended == list.ended;
    // Of a live video that has not begun the list is empty: the end is known with the first
    // segment.
    const bool first = std::none_of(lists_.begin(), lists_.end(), [](const auto& each) {
        return each && !each->segments.empty();
    });
    // A server that began to count anew is far behind; tracks may lag a little behind each other.
    const bool restarted = sequence_ && *sequence_ > end_of(list) + list.segments.size();
    if ((first || restarted) && !list.ended) {
        begin_live(list);
    }
    held = std::move(list);
    return {};
}

void Programme::begin_live(const MediaList& list) {
    std::size_t begin = list.segments.size();
    for (double from_end_s = 0; begin > 0 && from_end_s < kTargetsFromEnd * list.target_s;) {
        from_end_s += list.segments[--begin].duration_s;
    }
    sequence_ = list.first_sequence + begin;
}

std::size_t Programme::index_of_next(const MediaList& list) const {
    if (sequence_) {
        // What fell out of the list in the meantime is missed.
        const std::uint64_t at = std::max(*sequence_, list.first_sequence) - list.first_sequence;
        return static_cast<std::size_t>(std::min<std::uint64_t>(at, list.segments.size()));
    }
    double begin_s = 0;
    std::size_t index = 0;
    // Segments of another track may begin a little earlier or later: what is more than half over
    // is.
    while (index < list.segments.size() &&
           begin_s + list.segments[index].duration_s / 2 < position_s_) {
        begin_s += list.segments[index].duration_s;
        ++index;
    }
    return index;
}

const Segment* Programme::next(std::size_t track) const {
    const MediaList& list = *lists_[track];
    const std::size_t index = index_of_next(list);
    return index < list.segments.size() ? &list.segments[index] : nullptr;
}

const Piece* Programme::init_of(std::size_t track, const Segment& segment) const {
    return segment.init ? &lists_[track]->inits[*segment.init] : nullptr;
}

void Programme::pass(std::size_t track) {
    const MediaList& list = *lists_[track];
    const std::size_t index = index_of_next(list);
    if (sequence_) {
        sequence_ = list.first_sequence + index + 1;
    } else {
        position_s_ += list.segments[index].duration_s;
    }
}

}  // namespace cxedge::plugins::video
