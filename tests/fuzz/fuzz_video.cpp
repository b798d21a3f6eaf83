// SPDX-License-Identifier: Apache-2.0
// Playlists and manifests of videos. The first byte chooses what is done with the rest.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/probe_video/programme.hpp"
#include "plugins/probe_video/segment_index.hpp"
#include "plugins/probe_video/url_reference.hpp"

namespace {

using namespace cxedge::plugins::video;

const std::string kFrom = "https://video.example/a/b.m3u8";

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

void check_segment(const Segment& segment) {
    require(segment.duration_s > 0 && segment.duration_s <= kLongestSegmentS);
    require(media_url(segment.data.url, "") == segment.data.url);
    require(!segment.data.range || segment.data.range->length > 0);
}

void play(Programme& programme, std::size_t track) {
    for (int i = 0; i < 50; ++i) {
        const Segment* const segment = programme.next(track);
        if (segment == nullptr) {
            return;
        }
        check_segment(*segment);
        const Piece* const init = programme.init_of(track, *segment);
        require(init == nullptr || !init->url.empty());
        programme.pass(track);
    }
}

void read_programme(std::string_view text) {
    Programme programme(600);
    if (!programme.open(text, kFrom)) {
        return;
    }
    require(!programme.tracks().empty() && programme.tracks().size() <= kMostTracks);
    for (std::size_t i = 0; i < programme.tracks().size(); ++i) {
        if (programme.is_dash() ? !!programme.list_track(i) : programme.has_list(i)) {
            play(programme, i);
            static_cast<void>(programme.ended(i));
        }
    }
}

// A list that changes while it is played: the halves of the input.
void read_live(std::string_view text) {
    Programme programme(600);
    const std::size_t half = text.size() / 2;
    const std::string head = "#EXTM3U\n";
    if (!programme.open(head + std::string(text.substr(0, half)), kFrom) ||
        !programme.has_list(0)) {
        return;
    }
    play(programme, 0);
    if (programme.take_list(0, head + std::string(text.substr(half)), kFrom)) {
        play(programme, 0);
    }
}

void read_reference(std::string_view text) {
    const auto url = media_url(kFrom, text);
    if (url) {
        require(media_url(*url, "") == url);
    }
}

void read_index(std::string_view bytes) {
    const auto segments = parse_segment_index(bytes, 1'000);
    if (!segments) {
        return;
    }
    require(!segments->empty() && segments->size() <= kMostSegments);
    std::uint64_t least = 1'000;
    for (const IndexedSegment& each : *segments) {
        require(each.range.first >= least && each.range.length > 0);
        require(each.duration_s > 0 && each.duration_s <= kLongestSegmentS);
        least = each.range.first + each.range.length;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0] % 5) {
        case 0:
            read_live(text);
            break;
        case 1:
            read_reference(text);
            break;
        case 2:
            read_index(text);
            break;
        default:
            read_programme(text);
    }
    return 0;
}
