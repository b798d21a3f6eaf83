// SPDX-License-Identifier: Apache-2.0
// Firmware 5, live_data: what happened in the frames of a package. A passage of a line that a logic
// counts is told twice, as a crossing and, in the same frame or a later one, as a COUNT_INCREMENT:
// what the logic counts is what counts.
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/xovis_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// What happened in a frame: a passage or a visit.
struct V5Event {
    std::string type;
    std::string place;
    std::string counter;  // COUNT_INCREMENT: which
    std::string id;       // unique in the frame; holds the track's number, so it is only hashed
    std::string track;
    int way = 0;           // 1: in, -1: out, 0: nobody passed
    bool counted = false;  // a crossing that is told as a COUNT_INCREMENT, too
};

int way_of(const V5Event& event) {
    if (event.type == "COUNT_INCREMENT") {
        const bool in = event.counter == "fw" || event.counter == "in";
        const bool away = event.counter == "bw" || event.counter == "out";
        return in ? 1 : (away ? -1 : 0);
    }
    const bool in = event.type == "LINE_CROSS_FORWARD";
    return in ? 1 : (event.type == "LINE_CROSS_BACKWARD" ? -1 : 0);
}

V5Event read_v5_event(const Node& event) {
    const Node attributes = event["attributes"];
    V5Event out;
    out.type = event["type"].text();
    out.counter = lower(attributes["counter_name"].text());
    out.track = attributes["track_id"].text();
    out.way = way_of(out);
    const bool logic = out.type.starts_with("COUNT_");
    out.place = attributes[logic ? "logic_name" : "geometry_name"].text();
    const std::string number = attributes[logic ? "logic_id" : "geometry_id"].text();
    if (out.place.empty() && !number.empty()) {
        out.place = (logic ? "logic " : "geometry ") + number;
    }
    out.id = fmt::format(
        "{}/{}/{}/{}/{}/{}",
        out.type,
        number,
        out.counter,
        attributes["counter_value"].text(),
        out.track,
        attributes["sequence_number"].text()
    );
    return out;
}

bool is_increment(const V5Event& event) {
    return event.way != 0 && event.type == "COUNT_INCREMENT";
}

bool is_crossing(const V5Event& event) {
    return event.way != 0 && event.type != "COUNT_INCREMENT";
}

struct V5Frame {
    When when;
    std::string prefix;           // of its events' ids
    std::vector<V5Event> events;  // of people
};

// Crossings that no logic has told of yet. The line of a logic has another name than the logic,
// mostly: whose passage a count is, its track says. A count without a track is one crossing of
// that way, the last one.
class OpenCrossings {
public:
    void open(V5Event& crossing, std::size_t frame) {
        tracks_[{crossing.way, crossing.track}].push_back({&crossing, frame});
        ways_[crossing.way].push_back({&crossing, frame});
    }

    void close(const V5Event& count) {
        if (!count.track.empty() && close_track(tracks_[{count.way, count.track}])) {
            return;
        }
        List& likely = count.track.empty() ? ways_[count.way] : tracks_[{count.way, {}}];
        if (has_open(likely)) {
            likely.back().crossing->counted = true;
        }
    }

private:
    struct Open {
        V5Event* crossing;
        std::size_t frame;
    };
    using List = std::vector<Open>;

    static bool has_open(List& list) {
        while (!list.empty() && list.back().crossing->counted) {
            list.pop_back();
        }
        return !list.empty();
    }

    // All of its last frame: lines of one logic may lie close together.
    static bool close_track(List& list) {
        if (!has_open(list)) {
            return false;
        }
        const std::size_t frame = list.back().frame;
        while (!list.empty() && list.back().frame == frame) {
            list.back().crossing->counted = true;
            list.pop_back();
        }
        return true;
    }

    std::map<std::pair<int, std::string>, List> tracks_;  // by way and track
    std::map<int, List> ways_;
};

class PackageReader {
public:
    explicit PackageReader(ReportBuilder& out) : out_(out) {}

    void add(const Node& frame) {
        V5Frame read;
        read.when.time = out_.time_of(frame, "time");
        const std::int64_t ms = read.when.time ? read.when.time->ms : 0;
        read.prefix = fmt::format("{}/{}/", ms, frame["framenumber"].text());
        note_tracks(frame);
        for (const Node& node : frame.all("events", "event")) {
            V5Event event = read_v5_event(node);
            // A group is told beside its members.
            if (event.track.empty() || not_people_.count(event.track) == 0) {
                read.events.push_back(std::move(event));
            }
        }
        frames_.push_back(std::move(read));
    }

    void read() {
        note_names();
        for (std::size_t i = 0; i < frames_.size(); ++i) {
            mark_crossings(i);
        }
        for (V5Frame& frame : frames_) {
            emit(frame);
        }
    }

private:
    // A count may come when its track is no longer told of.
    void note_tracks(const Node& frame) {
        for (const Node& object : frame.all("tracked_objects", "tracked_object")) {
            if (object["type"] && object["type"].text() != "PERSON") {
                not_people_.insert(object["track_id"].text());
            }
        }
    }

    void note_names() {
        for (const V5Frame& frame : frames_) {
            for (const V5Event& event : frame.events) {
                note_name(event);
            }
        }
    }

    void note_name(const V5Event& event) {
        if (!event.place.empty() && event.way != 0) {
            (is_increment(event) ? logics_ : lines_).insert(event.place);
        }
    }

    // The crossings of a line that has the name of a logic are that logic's, whichever of them it
    // has counted by now: it tells of the others in the next package.
    void mark_crossings(std::size_t number) {
        std::vector<V5Event>& events = frames_[number].events;
        for (V5Event& event : events) {
            event.counted = is_crossing(event) && logics_.count(event.place) != 0;
            if (is_crossing(event) && !event.counted) {
                open_.open(event, number);
            }
        }
        close(events, true);
        close(events, false);
    }

    // Counts that know their track first: the others are content with any crossing.
    void close(const std::vector<V5Event>& events, bool with_track) {
        for (const V5Event& event : events) {
            const bool has_own_line = lines_.count(event.place) != 0;
            if (is_increment(event) && !has_own_line && event.track.empty() != with_track) {
                open_.close(event);
            }
        }
    }

    void emit(V5Frame& frame) {
        for (const V5Event& event : frame.events) {
            if (event.way != 0 && !event.counted) {
                emit(frame, xovis_passage(event.way > 0, event.place), event);
            } else if (event.type == "ZONE_ENTRY") {
                const std::vector<Dimension> zone{{"zone", event.place}};
                emit(frame, series_info("store.zone.visits", Kind::delta, zone), event);
            }
        }
    }

    void emit(V5Frame& frame, SeriesInfo info, const V5Event& event) {
        frame.when.id = frame.prefix + event.id;
        out_.add(std::move(info), 1, frame.when);
    }

    ReportBuilder& out_;
    std::set<std::string> not_people_;
    std::set<std::string> logics_;
    std::set<std::string> lines_;
    std::vector<V5Frame> frames_;
    OpenCrossings open_;
};

}  // namespace

void read_xovis_v5_live(const Node& data, ReportBuilder& out) {
    if (!data["frames"]) {
        out.bad(data, "frames", kIsMissing);
    }
    PackageReader package(out);
    for (const Node& frame : data.all("frames", "frame")) {
        package.add(frame);
    }
    package.read();
}

}  // namespace cxedge::devices
