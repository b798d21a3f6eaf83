// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/hls_playlist.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "plugins/probe_video/url_reference.hpp"

namespace cxedge::plugins::video {
namespace {

constexpr std::string_view kHlsMagic = "#EXTM3U";
constexpr std::string_view kStreamTag = "#EXT-X-STREAM-INF:";

// All of `text` as a number.
template <class T>
std::optional<T> hls_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<double> duration_in(std::string_view text) {
    const std::optional<double> value = hls_number<double>(text);
    return value && *value >= 0 && *value <= kLongestSegmentS ? value : std::nullopt;
}

// The next line without its end (LF or CR LF).
std::string_view next_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
        line.remove_suffix(1);
    }
    return line;
}

// Of an attribute list (RFC 8216 section 4.2), quotes removed; empty: it has none of that name.
std::string_view attribute(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const std::size_t equals = std::min(list.find('='), list.size());
        std::string_view key = list.substr(0, equals);
        list.remove_prefix(std::min(equals + 1, list.size()));
        key.remove_prefix(std::min(key.find_first_not_of(" ,"), key.size()));
        const bool quoted = list.starts_with('"');
        list.remove_prefix(quoted ? 1 : 0);
        const std::size_t end = std::min(list.find(quoted ? '"' : ','), list.size());
        if (key == name) {
            return list.substr(0, end);
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return {};
}

// "length" or "length@first".
struct RangeText {
    std::uint64_t length = 0;
    std::optional<std::uint64_t> first;
};
std::optional<RangeText> range_in(std::string_view text) {
    const std::size_t at = std::min(text.find('@'), text.size());
    const auto length = hls_number<std::uint64_t>(text.substr(0, at));
    if (!length || *length == 0) {
        return std::nullopt;
    }
    if (at == text.size()) {
        return RangeText{*length, std::nullopt};
    }
    const auto first = hls_number<std::uint64_t>(text.substr(at + 1));
    return first ? std::optional(RangeText{*length, first}) : std::nullopt;
}

class HlsMediaReader {
public:
    explicit HlsMediaReader(std::string_view url) : url_(url) { list_.ended = false; }

    Status line(std::string_view text) {
        if (text.starts_with("#EXT")) {
            return tag(text);
        }
        return text.empty() || text.starts_with('#') ? Status() : segment(text);
    }

    MediaList take() {
        for (const Segment& each : list_.segments) {
            // RFC 8216 demands a target duration; without it the longest segment stands in.
            list_.target_s =
                has_target_ ? list_.target_s : std::max(list_.target_s, each.duration_s);
        }
        return std::move(list_);
    }

private:
    using Handler = Status (HlsMediaReader::*)(std::string_view value);
    struct Tag {
        std::string_view name;
        Handler handle;
    };

    Status tag(std::string_view text) {
        static constexpr std::array<Tag, 8> kTags{{
            {"#EXTINF", &HlsMediaReader::duration},
            {"#EXT-X-BYTERANGE", &HlsMediaReader::byte_range},
            {"#EXT-X-TARGETDURATION", &HlsMediaReader::target},
            {"#EXT-X-MEDIA-SEQUENCE", &HlsMediaReader::sequence},
            {"#EXT-X-MAP", &HlsMediaReader::map},
            {"#EXT-X-DISCONTINUITY", &HlsMediaReader::discontinuity},
            {"#EXT-X-ENDLIST", &HlsMediaReader::end},
            {"#EXT-X-PLAYLIST-TYPE", &HlsMediaReader::type},
        }};
        const std::size_t colon = std::min(text.find(':'), text.size());
        const std::string_view value = text.substr(std::min(colon + 1, text.size()));
        for (const Tag& each : kTags) {
            if (each.name == text.substr(0, colon)) {
                return (this->*each.handle)(value);
            }
        }
        return {};
    }

    Status duration(std::string_view value) {
        const auto seconds = duration_in(value.substr(0, value.find(',')));
        if (!seconds) {
            return invalid_argument("#EXTINF has no duration between 0 and an hour");
        }
        duration_ = seconds;
        return {};
    }

    Status byte_range(std::string_view value) {
        range_ = range_in(value);
        return range_ ? Status() : invalid_argument("#EXT-X-BYTERANGE is not length@first");
    }

    Status target(std::string_view value) {
        const auto seconds = duration_in(value);
        if (!seconds) {
            return invalid_argument("#EXT-X-TARGETDURATION is not between 0 and an hour");
        }
        list_.target_s = *seconds;
        has_target_ = true;
        return {};
    }

    Status sequence(std::string_view value) {
        // Room behind it: the sequence of the last segment must be a number, too.
        constexpr auto kMost = std::numeric_limits<std::uint64_t>::max() - kMostSegments;
        const auto number = hls_number<std::uint64_t>(value);
        if (!number || *number > kMost) {
            return invalid_argument("#EXT-X-MEDIA-SEQUENCE is no number");
        }
        list_.first_sequence = *number;
        return {};
    }

    // Whether one more line that names something to fetch is one too many, markers of no duration
    // and maps that nobody needs included.
    Status count_url() {
        if (urls_ == kMostSegments) {
            return invalid_argument(
                "too many segments: more than " + std::to_string(kMostSegments) +
                " segments and maps"
            );
        }
        ++urls_;
        return {};
    }

    Status map(std::string_view value) {
        if (const Status counted = count_url(); !counted) {
            return counted.error();
        }
        const std::string_view range = attribute(value, "BYTERANGE");
        const auto text = range_in(range);
        auto url = media_url(url_, attribute(value, "URI"));
        if (!url || (!range.empty() && !text)) {
            return invalid_argument("#EXT-X-MAP has no proper URI or BYTERANGE");
        }
        Piece piece{std::move(*url), std::nullopt};
        if (text) {
            piece.range = ByteRange{text->first.value_or(0), text->length};
        }
        list_.inits.push_back(std::move(piece));
        return {};
    }

    Status discontinuity(std::string_view /*value*/) {
        discontinuity_ = true;
        return {};
    }

    Status end(std::string_view /*value*/) {
        list_.ended = true;
        return {};
    }

    // A VOD playlist does not change, whether its end is marked or not (section 4.3.3.5).
    Status type(std::string_view value) {
        list_.ended = list_.ended || value == "VOD";
        return {};
    }

    Status segment(std::string_view reference) {
        if (!duration_) {
            return invalid_argument("a segment without #EXTINF");
        }
        if (const Status counted = count_url(); !counted) {
            return counted.error();
        }
        auto url = media_url(url_, reference);
        if (!url) {
            return invalid_argument("a segment's address is no URL of http or https");
        }
        return append({std::move(*url), std::nullopt});
    }

    Status append(Piece piece) {
        if (range_) {
            const auto range = place(*range_, piece.url);
            if (!range) {
                return invalid_argument("#EXT-X-BYTERANGE does not say where it begins");
            }
            piece.range = range;
        }
        const std::optional<std::size_t> init =
            list_.inits.empty() ? std::nullopt : std::optional(list_.inits.size() - 1);
        // Markers of no duration would never fill a buffer: they are not fetched.
        if (*duration_ > 0) {
            list_.segments.push_back({std::move(piece), *duration_, init, discontinuity_});
        }
        duration_.reset();
        range_.reset();
        discontinuity_ = false;
        return {};
    }

    // Without a beginning it goes on where the segment before ended, in the same resource.
    [[nodiscard]] std::optional<ByteRange> place(const RangeText& text, const std::string& url)
        const {
        std::uint64_t first = text.first.value_or(0);
        if (!text.first) {
            const Piece* before = list_.segments.empty() ? nullptr : &list_.segments.back().data;
            if (before == nullptr || !before->range || before->url != url) {
                return std::nullopt;
            }
            first = before->range->first + before->range->length;
        }
        const bool fits = text.length <= std::numeric_limits<std::uint64_t>::max() - first;
        return fits ? std::optional(ByteRange{first, text.length}) : std::nullopt;
    }

    std::string_view url_;
    MediaList list_;
    std::optional<double> duration_;
    std::optional<RangeText> range_;
    std::size_t urls_ = 0;  // lines that name one
    bool has_target_ = false;
    bool discontinuity_ = false;
};

Result<HlsPlaylist> read_media(std::string_view text, std::string_view url) {
    HlsMediaReader reader(url);
    while (!text.empty()) {
        if (const Status done = reader.line(next_line(text)); !done) {
            return done.error();
        }
    }
    MediaList list = reader.take();
    // Without either it is the beginning of a playlist, no more (RFC 8216 section 4.3.3.1).
    if (list.segments.empty() && list.target_s <= 0) {
        return invalid_argument("has neither segments nor #EXT-X-TARGETDURATION");
    }
    return HlsPlaylist(std::move(list));
}

Result<Track> read_stream(std::string_view attributes, std::string_view uri, std::string_view url) {
    auto address = media_url(url, uri);
    if (!address) {
        return invalid_argument("a variant's address is no URL of http or https");
    }
    Track track;
    track.bandwidth = hls_number<std::uint64_t>(attribute(attributes, "BANDWIDTH")).value_or(0);
    track.name = std::string(attribute(attributes, "RESOLUTION").substr(0, 32));
    track.list_url = std::move(*address);
    return track;
}

Result<HlsPlaylist> read_master(std::string_view text, std::string_view url) {
    std::vector<Track> tracks;
    std::optional<std::string_view> attributes;
    while (!text.empty()) {
        const std::string_view line = next_line(text);
        if (line.starts_with(kStreamTag)) {
            attributes = line.substr(kStreamTag.size());
        }
        if (line.empty() || line.starts_with('#') || !attributes) {
            continue;
        }
        Result<Track> track = read_stream(*attributes, line, url);
        if (!track) {
            return track.error();
        }
        tracks.push_back(std::move(*track));
        attributes.reset();
        if (tracks.size() > kMostTracks) {
            return invalid_argument("more than " + std::to_string(kMostTracks) + " variants");
        }
    }
    if (tracks.empty()) {
        return invalid_argument("a master playlist without variants");
    }
    std::stable_sort(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) {
        return a.bandwidth < b.bandwidth;
    });
    return HlsPlaylist(std::move(tracks));
}

std::string_view without_mark(std::string_view text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

}  // namespace

bool is_hls(std::string_view text) {
    text = without_mark(text);
    return next_line(text) == kHlsMagic;
}

Result<HlsPlaylist> parse_hls(std::string_view text, std::string_view url) {
    if (!is_hls(text)) {
        return invalid_argument("does not begin with #EXTM3U");
    }
    if (text.size() > kLargestPlaylist) {
        return invalid_argument("the playlist is too large");
    }
    text = without_mark(text);
    const bool master = text.find(kStreamTag) != std::string_view::npos;
    return master ? read_master(text, url) : read_media(text, url);
}

}  // namespace cxedge::plugins::video
