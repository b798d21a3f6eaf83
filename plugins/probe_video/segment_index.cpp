// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/segment_index.hpp"

#include <algorithm>
#include <optional>

namespace cxedge::plugins::video {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 50U;

// Numbers as they stand in a box, the most significant byte first. What is not there is 0, and
// whole() is false then.
class BoxReader {
public:
    BoxReader(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}

    std::uint64_t number(std::size_t size) {
        whole_ = whole_ && size <= bytes_.size() - std::min(at_, bytes_.size());
        std::uint64_t value = 0;
        for (std::size_t i = 0; whole_ && i < size; ++i) {
            value = (value << 8U) | static_cast<std::uint8_t>(bytes_[at_++]);
        }
        return value;
    }
    std::string_view word() {
        const std::size_t begin = at_;
        number(4);
        return whole_ ? bytes_.substr(begin, 4) : std::string_view();
    }
    [[nodiscard]] bool whole() const { return whole_; }
    [[nodiscard]] std::size_t at() const { return at_; }

private:
    std::string_view bytes_;
    std::size_t at_;
    bool whole_ = true;
};

struct Box {
    std::size_t body = 0;  // behind size and type
    std::size_t end = 0;   // of the bytes there are, at most
};

// Section 4.2.
std::optional<Box> find_box(std::string_view bytes, std::string_view type) {
    std::size_t begin = 0;
    while (begin < bytes.size()) {
        BoxReader reader(bytes, begin);
        std::uint64_t size = reader.number(4);
        const std::string_view name = reader.word();
        if (size == 1) {
            size = reader.number(8);
        }
        const std::uint64_t left = bytes.size() - begin;
        const bool to_the_end = size == 0;
        if (!reader.whole() || (!to_the_end && size < reader.at() - begin)) {
            return std::nullopt;
        }
        const std::size_t end =
            begin + static_cast<std::size_t>(to_the_end ? left : std::min(size, left));
        if (name == type) {
            return Box{reader.at(), end};
        }
        begin = end;
    }
    return std::nullopt;
}

Error cut_short() {
    return invalid_argument("the index of segments (sidx) is cut short");
}

// What a reference says, from `offset` on.
Result<IndexedSegment> read_reference(BoxReader& reader, std::uint64_t offset, double timescale) {
    constexpr std::uint64_t kIsIndex = 1U << 31U;
    const std::uint64_t size = reader.number(4);
    const double duration_s = static_cast<double>(reader.number(4)) / timescale;
    reader.number(4);  // where a player may begin
    if (!reader.whole()) {
        return cut_short();
    }
    if ((size & kIsIndex) != 0) {
        return invalid_argument("an index (sidx) of other indexes is not supported");
    }
    if (size == 0 || !(duration_s > 0 && duration_s <= kLongestSegmentS)) {
        return invalid_argument("the index (sidx) has a segment without bytes, or of no duration");
    }
    return IndexedSegment{{offset, size}, duration_s};
}

}  // namespace

Result<std::vector<IndexedSegment>> parse_segment_index(std::string_view bytes, std::uint64_t at) {
    const auto box = find_box(bytes, "sidx");
    if (!box) {
        return invalid_argument("there is no index of segments (sidx)");
    }
    BoxReader reader(bytes.substr(0, box->end), box->body);
    const std::size_t offset_size = reader.number(1) == 0 ? 4 : 8;
    reader.number(3 + 4);  // flags, the stream's number
    const auto timescale = static_cast<double>(reader.number(4));
    reader.number(offset_size);  // the earliest time
    // The first segment begins so far behind the index.
    const std::uint64_t gap = reader.number(offset_size);
    reader.number(2);
    const std::uint64_t count = reader.number(2);
    if (!reader.whole()) {
        return cut_short();
    }
    if (timescale <= 0 || gap > kLargestFile || at > kLargestFile || count == 0) {
        return invalid_argument("the index of segments (sidx) makes no sense");
    }
    std::vector<IndexedSegment> segments;
    std::uint64_t offset = at + box->end + gap;
    while (segments.size() < std::min<std::uint64_t>(count, kMostSegments)) {
        auto segment = read_reference(reader, offset, timescale);
        if (!segment) {
            return segment.error();
        }
        offset += segment->range.length;
        segments.push_back(*segment);
    }
    return segments;
}

}  // namespace cxedge::plugins::video
