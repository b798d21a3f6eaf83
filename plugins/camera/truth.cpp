// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/truth.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace cxedge::camera {
namespace {

using nlohmann::json;

constexpr std::size_t kLeastCorners = 3;

bool is_fraction(double value) {
    return value >= 0 && value <= 1;
}

Result<LinePoints> line_of(const json& points) {
    LinePoints line = points.get<LinePoints>();
    const bool pairs = line.size() >= 4 && line.size() % 2 == 0;
    if (!pairs || !std::all_of(line.begin(), line.end(), is_fraction)) {
        return corrupt("\"line\" must be x1, y1, x2, y2, ... in fractions of the picture");
    }
    return line;
}

Result<Polygon> zone_of(const json& corners) {
    std::vector<double> points;
    points.reserve(2 * corners.size());
    for (const json& corner : corners) {
        points.push_back(corner.at(0).get<double>());
        points.push_back(corner.at(1).get<double>());
    }
    const bool inside = std::all_of(points.begin(), points.end(), is_fraction);
    if (corners.size() < kLeastCorners || !inside) {
        return corrupt("\"zone\" must be three or more [x, y] in fractions of the picture");
    }
    return polygon_of(points);
}

Result<TruthEvent> event_of(const json& event) {
    const auto way = event.at(1).get<std::string>();
    if (way != "in" && way != "out") {
        return corrupt("an event must be [frame, \"in\" or \"out\"], not " + event.dump());
    }
    return TruthEvent{event.at(0).get<double>(), way == "in" ? Direction::in : Direction::out};
}

Result<TruthLine> read_line(const json& entry) {
    Result<LinePoints> line = line_of(entry.at("line"));
    if (!line) {
        return line.error();
    }
    TruthLine truth{
        entry.at("clip").get<std::string>(),
        std::move(*line),
        entry.at("in").get<int>(),
        entry.at("out").get<int>(),
        {},
        true};
    for (const json& each : entry.value("events", json::array())) {
        const Result<TruthEvent> event = event_of(each);
        if (!event) {
            return event.error();
        }
        truth.events.push_back(*event);
    }
    return truth;
}

Result<TruthZone> read_zone(const json& entry) {
    Result<Polygon> polygon = zone_of(entry.at("zone"));
    if (!polygon) {
        return polygon.error();
    }
    return TruthZone{
        entry.at("clip").get<std::string>(),
        std::move(*polygon),
        entry.value("dwell_s", std::vector<double>()),
        entry.value("per_frame", std::vector<int>())};
}

template <class Item>
Result<Item> read_entry(const json& entry, Result<Item> (*read)(const json&)) {
    try {
        return read(entry);
    } catch (const json::exception& error) {
        return corrupt(error.what());
    }
}

// Reads each entry of a list; an error says which.
template <class Item>
Status read_list(
    const json& document,
    const std::string& name,
    Result<Item> (*read)(const json&),
    std::vector<Item>& items
) {
    const json list = document.value(name, json::array());
    for (std::size_t i = 0; i < list.size(); ++i) {
        Result<Item> item = read_entry(list[i], read);
        if (!item) {
            return item.error().during(fmt::format("{}[{}]", name, i));
        }
        items.push_back(std::move(*item));
    }
    return {};
}

Result<TruthFile> read_document(const json& document) {
    TruthFile truth;
    if (Status read = read_list(document, "lines", read_line, truth.lines); !read) {
        return read.error();
    }
    if (Status read = read_list(document, "zones", read_zone, truth.zones); !read) {
        return read.error();
    }
    if (truth.lines.empty() && truth.zones.empty()) {
        return corrupt("neither lines nor zones in it");
    }
    return truth;
}

}  // namespace

Result<TruthFile> read_truth(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return not_found(path + ": cannot be read");
    }
    try {
        Result<TruthFile> truth = read_document(json::parse(file));
        return truth ? std::move(truth) : truth.error().during(path);
    } catch (const json::exception& error) {
        return corrupt(path + ": " + error.what());
    }
}

}  // namespace cxedge::camera
