// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/camera_settings.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>

#include <fmt/core.h>

#include "agent/plugin_api/source.hpp"

namespace cxedge::camera {
namespace {

// Slower than this, people who walk fast jump farther than a tracker can follow.
constexpr double kLeastFps = 6;
constexpr double kMostFps = 30;
constexpr double kShortestLine = 0.01;

std::string check_address(const std::string& text) {
    return address_problem(text);
}

Schema<LineSettings> line_schema() {
    Schema<LineSettings> schema;
    schema.text("name", &LineSettings::name, "Name of the line, unique in this camera").required();
    schema.text("door", &LineSettings::door, "Dimension `door` of its counts; empty: the name");
    schema
        .numbers(
            "points",
            &LineSettings::points,
            "x1, y1, x2, y2, ... as fractions of the picture; for a line drawn downwards `in` is "
            "from "
            "right to left, for one drawn to the right `in` is downwards"
        )
        .required();
    return schema;
}

Schema<CameraSettings> make_schema() {
    Schema<CameraSettings> schema;
    ignore_common_keys(schema);
    schema
        .text("source", &CameraSettings::source, "file:PATH, rtsp://HOST/PATH or v4l2:/dev/videoN")
        .required()
        .check(check_address);
    schema.text("user", &CameraSettings::user, "User name at a network camera");
    schema.text(
        "password_file", &CameraSettings::password_file, "File whose first line is the password"
    );
    schema
        .text(
            "pace", &CameraSettings::pace, "Files: at recorded speed (real) or as fast as possible"
        )
        .one_of({"real", "fast"});
    schema.boolean("loop", &CameraSettings::loop, "Files: begin again at the end");
    schema.number("fps", &CameraSettings::fps, "Pictures processed in a second")
        .range(kLeastFps, kMostFps);
    schema.duration("timeout_s", &CameraSettings::timeout, "Silence after which the stream is down")
        .range(1, 60);
    schema
        .duration(
            "report_s",
            &CameraSettings::report,
            "How often cam.up, cam.fps and zero counts are sent while nobody passes"
        )
        .range(1, 300);
    add_engine_settings(schema);
    add_stream_settings(schema);
    schema.tables("line", &CameraSettings::lines, line_schema(), "Counting lines");
    add_area_settings(schema);
    return schema;
}

const Schema<CameraSettings>& schema() {
    static const Schema<CameraSettings> kSchema = make_schema();
    return kSchema;
}

std::string points_problem(const std::vector<double>& points) {
    if (points.size() < 4 || points.size() % 2 != 0) {
        return fmt::format(
            "has {} numbers, but needs pairs for two points or more: x1, y1, x2, y2, ...",
            points.size()
        );
    }
    const bool inside =
        std::all_of(points.begin(), points.end(), [](double p) { return p >= 0 && p <= 1; });
    if (!inside) {
        return "must be fractions of the picture, 0 to 1";
    }
    for (std::size_t i = 0; i + 3 < points.size(); i += 2) {
        const Point end{points[i + 2], points[i + 3]};
        if (distance({points[i], points[i + 1]}, end) < kShortestLine) {
            return fmt::format(
                "is too short to be a line between points {} and {}", i / 2 + 1, i / 2 + 2
            );
        }
    }
    return "";
}

bool name_repeated(const std::vector<LineSettings>& lines, std::size_t index) {
    return std::any_of(
        lines.begin(),
        lines.begin() + static_cast<std::ptrdiff_t>(index),
        [&](const LineSettings& other) { return other.name == lines[index].name; }
    );
}

void check_line(
    const std::vector<LineSettings>& lines,
    std::size_t index,
    const SettingsNode& node,
    SettingsProblems& problems
) {
    const std::string key = fmt::format("line[{}]", index);
    if (const SettingsNode* points = node.find("points")) {
        if (const std::string what = points_problem(lines[index].points); !what.empty()) {
            problems.add(points->position, key + ".points", what);
        }
    }
    if (name_repeated(lines, index)) {
        problems.add(node.position, key + ".name", "is used twice: " + lines[index].name);
    }
}

void check_lines(
    const CameraSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* lines = node.find("line");
    const bool nothing = settings.lines.empty() && settings.zones.empty() && !settings.twin;
    if (nothing) {
        problems.add(
            node.position, "line", "is missing: without a line, a zone or the twin nothing is told"
        );
    }
    const SettingsNode::List* list = lines != nullptr ? lines->list() : nullptr;
    for (std::size_t i = 0; list != nullptr && i < std::min(list->size(), settings.lines.size());
         ++i) {
        check_line(settings.lines, i, (*list)[i], problems);
    }
}

void check_secrets(
    const CameraSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* source = node.find("source");
    const bool has_user = public_address(settings.source) != settings.source;
    if (source != nullptr && has_user) {
        problems.add(
            source->position, "source", "must not hold a password: use user and password_file"
        );
    }
    if (settings.user.empty() && !settings.password_file.empty()) {
        problems.add(node.position, "user", "is missing: password_file needs it");
    }
}

// Everything but letters, digits and -._~ as %XX (RFC 3986).
std::string percent_encoded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return result;
}

}  // namespace

FrameOptions CameraSettings::frame_options() const {
    FrameOptions options;
    options.fps = fps;
    options.pace = pace == "fast" ? Pace::fast : Pace::real;
    options.loop = loop;
    options.timeout = timeout;
    options.masks = masks();
    return options;
}

SceneLayout CameraSettings::layout() const {
    SceneLayout layout;
    layout.lines.reserve(lines.size());
    for (const LineSettings& line : lines) {
        layout.lines.push_back(line.line());
    }
    layout.zones.reserve(zones.size());
    for (const ZoneSettings& zone : zones) {
        layout.zones.push_back(zone.layout());
    }
    return layout;
}

std::vector<SettingHelp> camera_settings_help() {
    return schema().help();
}

CameraSettings read_camera_settings(const SettingsNode& node, SettingsProblems& problems) {
    CameraSettings settings = schema().read(node, problems);
    check_lines(settings, node, problems);
    check_area_settings(settings, node, problems);
    check_secrets(settings, node, problems);
    check_engine_settings(settings, node, problems);
    check_stream_settings(settings, node, problems);
    return settings;
}

Result<std::string> full_address(const CameraSettings& settings) {
    const std::size_t scheme = settings.source.find("://");
    if (settings.user.empty() || scheme == std::string::npos) {
        return settings.source;
    }
    std::string login = percent_encoded(settings.user);
    if (!settings.password_file.empty()) {
        std::ifstream file(settings.password_file);
        std::string password;
        if (!std::getline(file, password)) {
            return unavailable(settings.password_file + " cannot be read");
        }
        login += ":" + percent_encoded(password);
    }
    return settings.source.substr(0, scheme + 3) + login + "@" + settings.source.substr(scheme + 3);
}

}  // namespace cxedge::camera
