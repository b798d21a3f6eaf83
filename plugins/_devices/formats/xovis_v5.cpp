// SPDX-License-Identifier: Apache-2.0
// Firmware 5: logics_data (counts of intervals), live_data (events), status_data.
#include <set>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/xovis_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

void set_v5_device(const Node& root, const Node& data, ReportBuilder& out) {
    Node info = data["sensor_info"];
    info = info ? info : root["sensor_info"];
    const std::string serial = info["serial_number"].text();
    out.device = serial.empty() ? info["name"].text() : serial;
    DeviceState& state = out.state();
    state.up = true;
    state.model = as_name(info["device_type"].text());
    state.firmware = as_name(info["sw_version"].text());
}

// A line by what the logic says of itself, or by its geometry.
bool is_line_logic(const Node& logic) {
    const std::string info = logic["info"].text();
    if (!info.empty()) {
        return info.find("LINE") != std::string::npos;
    }
    const std::vector<Node> geometries = logic.all("geometries");
    return !geometries.empty() && geometries.back()["type"].text() == "LINE";
}

void read_record(const Node& record, XovisPlace place, ReportBuilder& out) {
    const std::optional<When> when = out.interval_of(record, "from", "to");
    if (!when) {
        return;
    }
    place.when = *when;
    const std::vector<Node> counts = record.all("counts");
    place.balance_is_level = !place.is_line && is_only_balance(counts, "name");
    bool any_known = false;
    for (const Node& count : counts) {
        const XovisCount one{count["name"].text(), count["value"], count};
        any_known = add_xovis_count(out, place, one) || any_known;
    }
    if (!any_known) {
        out.bad(record, "counts", "has no count with a known name");
    }
}

void read_logics(const Node& data, ReportBuilder& out) {
    if (!data["logics"]) {
        out.bad(data, "logics", kIsMissing);
    }
    for (const Node& logic : data.all("logics")) {
        // Shopping carts and bicycles are not people.
        const std::string info = logic["info"].text();
        if (info.find("CART") != std::string::npos || info.find("BICYCLE") != std::string::npos) {
            continue;
        }
        XovisPlace place;
        place.name = logic["name"].text();
        if (place.name.empty()) {
            place.name = "logic " + logic["id"].text();
        }
        place.is_line = is_line_logic(logic);
        for (const Node& record : logic.all("records")) {
            read_record(record, place, out);
        }
    }
}

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

class FrameReader {
public:
    FrameReader(const Node& frame, ReportBuilder& out) : out_(out) {
        when_.time = out.time_of(frame, "time");
        prefix_ =
            fmt::format("{}/{}/", when_.time ? when_.time->ms : 0, frame["framenumber"].text());
        for (const Node& object : frame.all("tracked_objects")) {
            if (object["type"] && object["type"].text() != "PERSON") {
                not_people_.insert(object["track_id"].text());
            }
        }
        for (const Node& event : frame.all("events")) {
            events_.push_back(read_v5_event(event));
        }
    }

    void read() {
        for (const V5Event& event : events_) {
            if (event.type == "COUNT_INCREMENT" && event.way != 0 && is_person(event)) {
                mark_crossings(event);
            }
        }
        for (const V5Event& event : events_) {
            if (is_person(event)) {
                read(event);
            }
        }
    }

private:
    void read(const V5Event& event) {
        if (event.way != 0 && !event.counted) {
            emit(xovis_passage(event.way > 0, event.place), event);
        } else if (event.type == "ZONE_ENTRY") {
            emit(series_info("store.zone.visits", Kind::delta, {{"zone", event.place}}), event);
        }
    }

    // A group is told beside its members.
    [[nodiscard]] bool is_person(const V5Event& event) const {
        return event.track.empty() || not_people_.count(event.track) == 0;
    }

    // The line of a logic has another name than the logic, mostly: whose passage a count is, its
    // track says. A count without a track is one crossing of that way, if possible of that name.
    void mark_crossings(const V5Event& count) {
        V5Event* likely = nullptr;
        for (V5Event& each : events_) {
            if (each.way != count.way || each.type == count.type || !is_person(each)) {
                continue;
            }
            if (!count.track.empty() && !each.track.empty()) {
                each.counted = each.counted || each.track == count.track;
            } else if (!each.counted && (likely == nullptr || each.place == count.place)) {
                likely = &each;
            }
        }
        if (likely != nullptr) {
            likely->counted = true;
        }
    }

    void emit(SeriesInfo info, const V5Event& event) {
        when_.id = prefix_ + event.id;
        out_.add(std::move(info), 1, when_);
    }

    ReportBuilder& out_;
    When when_;
    std::string prefix_;
    std::set<std::string> not_people_;
    std::vector<V5Event> events_;
};

void read_live(const Node& data, ReportBuilder& out) {
    if (!data["frames"]) {
        out.bad(data, "frames", kIsMissing);
    }
    for (const Node& frame : data.all("frames")) {
        FrameReader(frame, out).read();
    }
}

struct V5State {
    const char* name;
    const char* alarm;
    const char* text;
};

constexpr V5State kV5States[] = {
    {"device", "device.alarm.device", "the sensor says that something is wrong with it"},
    {"time", "device.alarm.time", "the sensor says that its clock is not synchronised"},
    {"network", "device.alarm.network", "the sensor says that its network is not well"},
    {"updates", "device.alarm.updates", "the sensor says that an update failed"}};

void read_status(const Node& data, ReportBuilder& out) {
    const Node states = data["states"];
    if (!states) {
        out.bad(data, "states", kIsMissing);
    }
    for (const V5State& each : kV5States) {
        const Node state = states[each.name]["state"]["state"];
        if (state && state.is_empty()) {
            out.bad(state, kIsEmpty);
        } else if (state) {
            out.alarm(each.alarm, state.text() != "OK", each.text);
        }
    }
    if (const Node version = states["updates"]["state"]["version"]) {
        out.state().firmware = as_name(version.text());
    }
    // Mostly a word ("SUFFICIENT"), which is no measurement.
    const Node light = states["singlesensor"]["status"]["illumination"];
    if (light.number()) {
        out.add(series_info("store.env.illuminance", Kind::gauge), *light.number(), {});
    }
}

}  // namespace

bool read_xovis_v5(const Node& root, ReportBuilder& out) {
    bool known = false;
    const std::pair<const char*, void (*)(const Node&, ReportBuilder&)> parts[] = {
        {"logics_data", read_logics}, {"live_data", read_live}, {"status_data", read_status}};
    for (const auto& [name, read] : parts) {
        if (const Node data = root[name]) {
            known = true;
            set_v5_device(root, data, out);
            read(data, out);
        }
    }
    return known;
}

}  // namespace cxedge::devices
