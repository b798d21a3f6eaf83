// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/scene_drawing.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace cxedge::camera {
namespace {

// How long the arrow for "in" is, as a share of the picture's height.
constexpr double kArrow = 0.06;

void draw_line(Frame& frame, const LinePoints& points, const std::string& label) {
    PictureCanvas canvas(frame);
    const Polyline line = to_pixels(points, frame.width, frame.height);
    canvas.path(line.corners(), kLineColour);
    const Segment chord = line.chord();
    const double length = std::max(chord.length(), 1.0);
    const Point middle{(chord.a.x + chord.b.x) / 2, (chord.a.y + chord.b.y) / 2};
    // To the positive side of signed_distance().
    const double reach = kArrow * frame.height / length;
    const Point tip{
        middle.x - (chord.b.y - chord.a.y) * reach, middle.y + (chord.b.x - chord.a.x) * reach};
    canvas.arrow(middle, tip, kInColour);
    canvas.text(label, {middle.x + 4, middle.y - 4}, kLineColour);
}

void draw_zone(Frame& frame, const Polygon& polygon, const std::string& label) {
    PictureCanvas canvas(frame);
    Polygon corners = to_pixels(polygon, frame.width, frame.height);
    corners.push_back(corners.front());
    canvas.path(corners, kZoneColour);
    canvas.text(label, {corners[0].x + 4, corners[0].y - 4}, kZoneColour);
}

}  // namespace

void SceneTotals::add(const SceneReport& report) {
    for (const LineCrossing& each : report.crossings) {
        LineTotals& line = lines[each.line];
        switch (each.crossing.direction) {
            case Direction::in:
                ++line.in;
                break;
            case Direction::out:
                ++line.out;
                break;
            case Direction::past:
                ++line.past;
                break;
        }
    }
    for (std::size_t i = 0; i < std::min(present.size(), report.zones.size()); ++i) {
        present[i] = report.zones[i].zone.present;
    }
}

void draw_layout(Frame& frame, const SceneLayout& layout, const SceneTotals* totals) {
    for (std::size_t i = 0; i < layout.zones.size(); ++i) {
        const std::string label = totals != nullptr
                                      ? fmt::format("zone {}: {}", i + 1, totals->present[i])
                                      : fmt::format("zone {}", i + 1);
        draw_zone(frame, layout.zones[i].polygon, label);
    }
    for (std::size_t i = 0; i < layout.lines.size(); ++i) {
        std::string label = fmt::format("line {}", i + 1);
        if (totals != nullptr) {
            const LineTotals& line = totals->lines[i];
            label += fmt::format(": {} in, {} out, {} past", line.in, line.out, line.past);
        }
        draw_line(frame, layout.lines[i], label);
    }
}

void draw_people(Frame& frame, const std::vector<Track>& tracks) {
    PictureCanvas canvas(frame);
    for (const Track& track : tracks) {
        if (!track.confirmed) {
            continue;
        }
        const Colour colour = track.seen == frame.time ? kPersonColour : kLostColour;
        canvas.box(track.box, colour);
        canvas.text(std::to_string(track.id), {track.box.x, track.box.y - 2}, colour);
    }
}

}  // namespace cxedge::camera
