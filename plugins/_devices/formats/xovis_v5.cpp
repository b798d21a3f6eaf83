// SPDX-License-Identifier: Apache-2.0
// Firmware 5: logics_data (counts of intervals), live_data (xovis_v5_live.cpp), status_data.
#include <utility>

#include "plugins/_devices/formats/xovis_parts.hpp"

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
        {"logics_data", read_logics},
        {"live_data", read_xovis_v5_live},
        {"status_data", read_status}};
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
