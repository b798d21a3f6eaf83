// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/dash_manifest.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <pugixml.hpp>

#include "plugins/probe_video/dash_xml.hpp"
#include "plugins/probe_video/url_reference.hpp"

namespace cxedge::plugins::video {
namespace {

using pugi::xml_node;

constexpr std::size_t kMostPeriods = 1'000;

// "first-last"
std::optional<ByteRange> byte_range_in(std::string_view text) {
    const std::size_t dash = std::min(text.find('-'), text.size());
    const auto first = whole_number(text.substr(0, dash));
    const auto last = whole_number(text.substr(std::min(dash + 1, text.size())));
    if (!first || !last || *last < *first || *last - *first == ~std::uint64_t{0}) {
        return std::nullopt;
    }
    return ByteRange{*first, *last - *first + 1};
}

bool says_video(const xml_node& node) {
    const std::string_view type = node.attribute("contentType").value();
    const std::string_view mime = node.attribute("mimeType").value();
    return type == "video" || mime.starts_with("video/") || !node.attribute("width").empty() ||
           !node.attribute("maxWidth").empty();
}

// The period's first set of video; of one that tells nothing of its sets, the first.
xml_node video_set(const xml_node& period) {
    const std::vector<xml_node> sets = children_named(period, "AdaptationSet", kMostTracks);
    for (const xml_node& set : sets) {
        if (says_video(set) || says_video(child_named(set, "Representation"))) {
            return set;
        }
    }
    const bool untold = !sets.empty() && !sets.front().attribute("contentType") &&
                        !sets.front().attribute("mimeType") &&
                        !child_named(sets.front(), "Representation").attribute("mimeType");
    return untold ? sets.front() : xml_node();
}

struct Period {
    xml_node node;
    double duration_s = 0;  // 0: unknown
};

double duration_or(const xml_node& node, const char* name, double otherwise) {
    const pugi::xml_attribute attribute = node.attribute(name);
    const double value = attribute ? iso_duration_s(attribute.value()) : otherwise;
    return value < 0 ? otherwise : value;
}

// Section 5.3.2.1: a period lasts as it says, or until the next begins, or until the end of all.
std::vector<Period> periods_of(const xml_node& mpd) {
    std::vector<Period> periods;
    double start_s = 0;
    const double total_s = duration_or(mpd, "mediaPresentationDuration", 0);
    const std::vector<xml_node> nodes = children_named(mpd, "Period", kMostPeriods);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        start_s = duration_or(nodes[i], "start", start_s);
        const double end_s = i + 1 < nodes.size() ? duration_or(nodes[i + 1], "start", 0) : total_s;
        const double rest_s = std::max(0.0, end_s - start_s);
        periods.push_back({nodes[i], duration_or(nodes[i], "duration", rest_s)});
        start_s += periods.back().duration_s;
    }
    return periods;
}

std::uint64_t bandwidth_of(const xml_node& representation) {
    return whole_number(representation.attribute("bandwidth").value()).value_or(0);
}

std::vector<xml_node> representations_of(const xml_node& set) {
    std::vector<xml_node> found = children_named(set, "Representation", kMostTracks);
    std::stable_sort(found.begin(), found.end(), [](const xml_node& a, const xml_node& b) {
        return bandwidth_of(a) < bandwidth_of(b);
    });
    return found;
}

std::string track_name(const xml_node& representation) {
    const std::string width = representation.attribute("width").value();
    const std::string height = representation.attribute("height").value();
    const std::string id = representation.attribute("id").value();
    return (width.empty() || height.empty() ? id : width + "x" + height).substr(0, 32);
}

// The representation of one period that goes on with `like` of the first.
xml_node successor_of(const xml_node& period, const xml_node& like) {
    xml_node best;
    double best_distance = 0;
    for (const xml_node& each : representations_of(video_set(period))) {
        if (std::string_view(each.attribute("id").value()) == like.attribute("id").value()) {
            return each;
        }
        const double distance = std::fabs(
            static_cast<double>(bandwidth_of(each)) - static_cast<double>(bandwidth_of(like))
        );
        if (!best || distance < best_distance) {
            best = each;
            best_distance = distance;
        }
    }
    return best;
}

struct Slot {
    std::uint64_t time = 0;
    double duration_s = 0;
};

// Where the segments of a period begin and how long they are.
class SlotPlan {
public:
    SlotPlan(const Inherited& from, double period_s, double enough_s)
        : timescale_(static_cast<double>(std::max<std::uint64_t>(from.number("timescale", 1), 1))),
          period_s_(period_s),
          enough_s_(enough_s) {
        const xml_node timeline = from.child("SegmentTimeline");
        if (timeline) {
            read_timeline(timeline);
        } else if (const auto duration = from.number("duration", 0); duration > 0) {
            repeat({0, duration}, kMostDashSegments, period_s_);
        }
    }
    [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }

private:
    struct Entry {
        std::uint64_t time = 0;
        std::uint64_t duration = 0;
    };

    void read_timeline(const xml_node& timeline) {
        const std::vector<xml_node> entries = children_named(timeline, "S", kMostDashSegments);
        std::uint64_t time = 0;
        for (std::size_t i = 0; i < entries.size() && !full(); ++i) {
            const auto duration = whole_number(entries[i].attribute("d").value()).value_or(0);
            time = whole_number(entries[i].attribute("t").value()).value_or(time);
            if (duration == 0) {
                continue;
            }
            const std::string_view repeats = entries[i].attribute("r").value();
            if (repeats.starts_with('-')) {
                const auto next = i + 1 < entries.size()
                                      ? whole_number(entries[i + 1].attribute("t").value())
                                      : std::nullopt;
                time = repeat({time, duration}, kMostDashSegments, until(time, next));
            } else {
                const auto count = whole_number(repeats).value_or(0);
                const auto most = static_cast<std::size_t>(
                    std::min<std::uint64_t>(count, kMostDashSegments - 1) + 1
                );
                time = repeat({time, duration}, most, enough_s_ + period_s_);
            }
        }
    }

    // How much media `r="-1"` stands for: until the next entry, or the period's end.
    [[nodiscard]] double until(std::uint64_t time, std::optional<std::uint64_t> next) const {
        if (next) {
            return *next > time ? static_cast<double>(*next - time) / timescale_ : 0;
        }
        return std::max(0.0, period_s_ - total_s_);
    }

    [[nodiscard]] bool full() const {
        return slots_.size() >= kMostDashSegments || total_s_ >= enough_s_;
    }

    // Segments of one length, at most `count` and `limit_s` of media; returns where the next
    // begins.
    std::uint64_t repeat(Entry entry, std::size_t count, double limit_s) {
        const double each_s = static_cast<double>(entry.duration) / timescale_;
        // The rest of a division is no segment.
        const double smallest_s = std::min(0.001, each_s / 2);
        double rest_s = limit_s;
        for (std::size_t i = 0; i < count && rest_s > smallest_s && !full(); ++i) {
            const double duration_s = std::min(each_s, rest_s);
            slots_.push_back({entry.time, duration_s});
            entry.time += entry.duration;
            rest_s -= each_s;
            total_s_ += duration_s;
        }
        return entry.time;
    }

    double timescale_;
    double period_s_;
    double enough_s_;
    double total_s_ = 0;
    std::vector<Slot> slots_;
};

// The segments of one representation of one period, appended to a list.
class PeriodReader {
public:
    PeriodReader(MediaList& list, const xml_node& representation, const Period& period, double left)
        : list_(list),
          representation_(representation),
          period_s_(period.duration_s),
          left_s_(left) {
        values_.id = representation.attribute("id").value();
        values_.bandwidth = bandwidth_of(representation);
    }

    // `url` of the manifest.
    Status read(const std::string& url) {
        if (Status based = find_base(url); !based) {
            return based;
        }
        const Inherited pattern(representation_, "SegmentTemplate");
        if (pattern.exists()) {
            return read_template(pattern);
        }
        const Inherited list(representation_, "SegmentList");
        return list.exists() ? read_list(list) : read_whole();
    }

private:
    Status find_base(const std::string& url) {
        std::vector<xml_node> levels;
        for (xml_node node = representation_; node && levels.size() < 4; node = node.parent()) {
            levels.insert(levels.begin(), node);
        }
        base_ = url;
        for (const xml_node& level : levels) {
            const xml_node element = child_named(level, "BaseURL");
            auto next = media_url(base_, trimmed(element.text().get()));
            if (!next) {
                return invalid_argument("a BaseURL is no URL of http or https");
            }
            base_ = std::move(*next);
        }
        return {};
    }

    static std::string_view trimmed(std::string_view text) {
        constexpr std::string_view kSpace = " \t\r\n";
        text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
        return text.substr(0, text.find_last_not_of(kSpace) + 1);
    }

    Result<Piece> piece(std::string_view reference, const char* range) {
        auto url = media_url(base_, reference);
        if (!url) {
            return invalid_argument("a segment's address is no URL of http or https");
        }
        Piece piece{std::move(*url), std::nullopt};
        if (*range != '\0') {
            piece.range = byte_range_in(range);
            if (!piece.range) {
                return invalid_argument("a segment's range is not first-last");
            }
        }
        return piece;
    }

    Status add_init(std::string_view reference, const char* range) {
        if (reference.empty() && *range == '\0') {
            return {};
        }
        Result<Piece> init = piece(reference, range);
        if (!init) {
            return init.error();
        }
        list_.inits.push_back(std::move(*init));
        init_ = list_.inits.size() - 1;
        return {};
    }

    Status add(Result<Piece> data, double duration_s) {
        if (!data) {
            return data.error();
        }
        if (!(duration_s > 0 && duration_s <= kLongestSegmentS)) {
            return invalid_argument("a segment's duration is not between 0 and an hour");
        }
        // A period is a new encoding.
        const bool discontinuity = fresh_ && !list_.segments.empty();
        list_.segments.push_back({std::move(*data), duration_s, init_, discontinuity});
        list_.target_s = std::max(list_.target_s, duration_s);
        fresh_ = false;
        return {};
    }

    Status read_template(const Inherited& from) {
        const Result<std::string> init = fill_template(from.attribute("initialization"), values_);
        if (!init) {
            return init.error();
        }
        if (Status added = add_init(*init, ""); !added) {
            return added;
        }
        const SlotPlan plan(from, period_s_, left_s_);
        const std::string_view pattern = from.attribute("media");
        values_.number = from.number("startNumber", 1);
        const std::uint64_t last = from.number("endNumber", ~std::uint64_t{0});
        for (const Slot& slot : plan.slots()) {
            values_.time = slot.time;
            const Result<std::string> name = fill_template(pattern, values_);
            if (!name || values_.number > last) {
                return name ? Status() : name.error();
            }
            if (Status added = add(piece(*name, ""), slot.duration_s); !added) {
                return added;
            }
            ++values_.number;
        }
        return {};
    }

    Status read_list(const Inherited& from) {
        const xml_node init = from.child("Initialization");
        const char* const source = init.attribute("sourceURL").value();
        if (Status added = add_init(source, init.attribute("range").value()); !added) {
            return added;
        }
        const SlotPlan plan(from, period_s_, left_s_);
        const std::vector<xml_node> urls = from.children("SegmentURL");
        const std::size_t count = std::min(urls.size(), plan.slots().size());
        for (std::size_t i = 0; i < count; ++i) {
            const char* const range = urls[i].attribute("mediaRange").value();
            Result<Piece> data = piece(urls[i].attribute("media").value(), range);
            if (Status added = add(std::move(data), plan.slots()[i].duration_s); !added) {
                return added;
            }
        }
        return {};
    }

    // SegmentBase, or nothing of all this: one file.
    Status read_whole() {
        const Inherited base(representation_, "SegmentBase");
        if (const char* const range = base.attribute("indexRange"); *range != '\0') {
            Result<Piece> index = piece("", range);
            if (!index) {
                return index.error();
            }
            list_.index = std::move(*index);
            const xml_node init = base.child("Initialization");
            const char* const source = init.attribute("sourceURL").value();
            if (Status added = add_init(source, init.attribute("range").value()); !added) {
                return added;
            }
        }
        return add(piece("", ""), std::min(period_s_, kLongestSegmentS));
    }

    MediaList& list_;
    xml_node representation_;
    double period_s_;
    double left_s_;
    TemplateValues values_;
    std::string base_;
    std::optional<std::size_t> init_;
    bool fresh_ = true;
};

}  // namespace

struct DashManifest::Document {
    pugi::xml_document xml;
    std::string url;
    std::vector<Period> periods;
    std::vector<xml_node> representations;  // of the first period
    std::vector<Track> tracks;
};

DashManifest::DashManifest(std::unique_ptr<Document> document) : document_(std::move(document)) {}
DashManifest::DashManifest(DashManifest&&) noexcept = default;
DashManifest& DashManifest::operator=(DashManifest&&) noexcept = default;
DashManifest::~DashManifest() = default;

bool is_dash(std::string_view text) {
    const std::string_view head = text.substr(0, 4'096);
    return head.find("<MPD") != std::string_view::npos ||
           head.find(":MPD") != std::string_view::npos;
}

Result<DashManifest> DashManifest::parse(std::string_view text, std::string url) {
    if (text.size() > kLargestPlaylist) {
        return invalid_argument("the manifest is too large");
    }
    auto document = std::make_unique<Document>();
    if (!document->xml.load_buffer(text.data(), text.size())) {
        return invalid_argument("the manifest is not XML");
    }
    const xml_node mpd = child_named(document->xml, "MPD");
    if (std::string_view(mpd.attribute("type").value()) == "dynamic") {
        return invalid_argument("live DASH (type=dynamic) is not supported");
    }
    document->url = std::move(url);
    document->periods = periods_of(mpd);
    if (!document->periods.empty()) {
        document->representations = representations_of(video_set(document->periods.front().node));
    }
    for (const xml_node& each : document->representations) {
        document->tracks.push_back({bandwidth_of(each), track_name(each), ""});
    }
    if (document->tracks.empty()) {
        return invalid_argument("a manifest without video");
    }
    return DashManifest(std::move(document));
}

const std::vector<Track>& DashManifest::tracks() const {
    return document_->tracks;
}

Result<MediaList> DashManifest::media(std::size_t track, double enough_s) const {
    const xml_node& first = document_->representations[track];
    MediaList list;
    double left_s = enough_s;
    bool begun = false;
    for (const Period& period : document_->periods) {
        const xml_node here = begun ? successor_of(period.node, first) : first;
        begun = true;
        if (!here || left_s <= 0 || list.segments.size() >= kMostDashSegments) {
            break;
        }
        const std::size_t before = list.segments.size();
        const Status read = PeriodReader(list, here, period, left_s).read(document_->url);
        if (!read) {
            return read.error();
        }
        for (std::size_t i = before; i < list.segments.size(); ++i) {
            left_s -= list.segments[i].duration_s;
        }
    }
    if (list.segments.empty()) {
        return invalid_argument("a manifest without segments");
    }
    if (list.segments.size() > 1) {
        list.index.reset();  // each period has its own: files are taken whole then
    }
    return list;
}

}  // namespace cxedge::plugins::video
