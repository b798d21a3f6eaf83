// SPDX-License-Identifier: Apache-2.0
// Firmware 5: logics_data (counts of intervals), live_data (xovis_v5_live.cpp), status_data.
#include <initializer_list>
#include <utility>

#include "plugins/_devices/formats/xovis_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// What a status says may also stand in it without "states".
Node states_of(const Node& data) {
    return data["states"] || !data["device"] ? data["states"] : data;
}

std::string first_text(const Node& node, std::initializer_list<const char*> names) {
    std::string text;
    for (const char* name : names) {
        text = text.empty() ? node[name].text() : text;
    }
    return text;
}

// A status may tell of the sensor only among its states, by other names.
void set_v5_device(const Node& root, const Node& data, ReportBuilder& out) {
    const Node told = data["sensor_info"] ? data["sensor_info"] : root["sensor_info"];
    const Node info = told ? told : states_of(data)["device"]["info"];
    out.device = first_text(info, {"serial_number", "serial", "name"});
    DeviceState& state = out.state();
    state.up = true;
    state.model = as_name(first_text(info, {"device_type", "type"}));
    state.firmware = as_name(first_text(info, {"sw_version", "fw_version"}));
}

// A line by what the logic says of itself, or by its geometry.
bool is_line_logic(const Node& logic) {
    const std::string info = logic["info"].text();
    if (!info.empty()) {
        return info.find("LINE") != std::string::npos;
    }
    const std::vector<Node> geometries = logic.all("geometries", "geometry");
    return !geometries.empty() && geometries.back()["type"].text() == "LINE";
}

void read_record(const Node& record, XovisPlace place, ReportBuilder& out) {
    const std::optional<When> when = out.interval_of(record, "from", "to");
    if (!when) {
        return;
    }
    place.when = *when;
    const std::vector<Node> counts = record.all("counts", "count");
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

void read_logic(const Node& logic, ReportBuilder& out) {
    XovisPlace place;
    place.name = logic["name"].text();
    if (place.name.empty()) {
        place.name = "logic " + logic["id"].text();
    }
    place.is_line = is_line_logic(logic);
    const std::vector<Node> records = logic.all("records", "record");
    if (records.empty()) {
        out.bad(logic, "records", logic["records"] ? kIsEmpty : kIsMissing);
    }
    for (const Node& record : records) {
        read_record(record, place, out);
    }
}

void read_logics(const Node& data, ReportBuilder& out) {
    if (!data["logics"]) {
        out.bad(data, "logics", kIsMissing);
    }
    XovisNames names;
    for (const Node& logic : data.all("logics", "logic")) {
        if (counts_people(logic["info"].text())) {
            const std::size_t first = out.report.readings.size();
            read_logic(logic, out);
            names.tell_apart(out.report, first, logic["id"].text());
        }
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
    const Node states = states_of(data);
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
        {"logics_data", read_logics},
        {"live_data", read_xovis_v5_live},
        {"status_data", read_status}};
    for (const auto& [name, read] : parts) {
        // Of XML it may be the root itself.
        if (const Node data = lower(root.name()) == name ? root : root[name]) {
            known = true;
            set_v5_device(root, data, out);
            read(data, out);
        }
    }
    return known;
}

}  // namespace cxedge::devices
