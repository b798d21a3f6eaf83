// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/evaluate_report.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace cxedge::camera {
namespace {

double ms_a_frame(double cost_s, std::uint64_t frames) {
    return cost_s * 1000 / static_cast<double>(std::max<std::uint64_t>(1, frames));
}

std::string against(int counted, int truth, bool compared) {
    return compared ? fmt::format("{}/{}", counted, truth) : fmt::format("{}", counted);
}

std::string line_row(const ClipResult& clip, const LineResult& line) {
    return fmt::format(
        "{:<22} {:<26} {:>7} {:>7} {:>6} {:>6} {:>9} {:>8.2f}\n",
        clip.clip,
        fmt::format("{}", fmt::join(line.truth.line, ",")),
        against(line.in, line.truth.in, line.truth.known),
        against(line.out, line.truth.out, line.truth.known),
        line.truth.known ? fmt::format("{}", line.errors()) : "",
        line.events ? fmt::format("{:.3f}", line.events->f1()) : "",
        line.ambiguous,
        ms_a_frame(clip.costs.total_s(), clip.frames)
    );
}

std::string zone_row(const ClipResult& clip, const ZoneResult& zone) {
    const bool visits = !zone.truth.dwell_s.empty();
    return fmt::format(
        "{:<22} {:<26} {:>7} {:>14} {:>16}\n",
        clip.clip,
        fmt::format("zone at {:.2f},{:.2f}", zone.truth.polygon[0].x, zone.truth.polygon[0].y),
        against(
            static_cast<int>(zone.dwell_s.size()),
            static_cast<int>(zone.truth.dwell_s.size()),
            visits
        ),
        zone.dwell_error_s ? fmt::format("{:.2f} s", *zone.dwell_error_s) : "",
        zone.presence_error ? fmt::format("{:.2f}", *zone.presence_error) : ""
    );
}

std::string zone_table(const Evaluation& evaluation) {
    std::string rows;
    for (const ClipResult& clip : evaluation.clips) {
        for (const ZoneResult& zone : clip.zones) {
            rows += zone_row(clip, zone);
        }
    }
    return rows.empty() ? rows
                        : fmt::format(
                              "\n{:<22} {:<26} {:>7} {:>14} {:>16}\n{}",
                              "clip",
                              "zone (counted/truth)",
                              "stays",
                              "dwell error",
                              "people error",
                              rows
                          );
}

std::string total_text(const EvaluationTotal& total) {
    const auto ms = [&](double cost_s) {
        return ms_a_frame(cost_s, total.frames);
    };
    std::string text;
    if (total.crossings > 0) {
        text = fmt::format(
            "\n{} crossings, {} errors ({:.1f} %), event F1 {:.3f} ({} found, {} missed, {} "
            "extra)\n",
            total.crossings,
            total.errors,
            100.0 * total.errors / total.crossings,
            total.events.f1(),
            total.events.matched,
            total.events.missed,
            total.events.extra
        );
    }
    return text + fmt::format(
                      "{} pictures, {:.2f} ms of processor time each: decode {:.2f}, gate {:.2f}, "
                      "detect {:.2f}, track {:.2f}\n",
                      total.frames,
                      ms(total.costs.total_s()),
                      ms(total.costs.decode_s),
                      ms(total.costs.gate_s),
                      ms(total.costs.detect_s),
                      ms(total.costs.track_s)
                  );
}

nlohmann::json costs_json(const StageCosts& costs, std::uint64_t frames) {
    return {
        {"all", ms_a_frame(costs.total_s(), frames)},
        {"decode", ms_a_frame(costs.decode_s, frames)},
        {"gate", ms_a_frame(costs.gate_s, frames)},
        {"detect", ms_a_frame(costs.detect_s, frames)},
        {"track", ms_a_frame(costs.track_s, frames)},
    };
}

nlohmann::json events_json(const EventScore& events) {
    return {
        {"found", events.matched},
        {"missed", events.missed},
        {"extra", events.extra},
        {"f1", events.f1()},
    };
}

nlohmann::json line_json(const LineResult& line) {
    nlohmann::json json{
        {"line", line.truth.line},
        {"in", line.in},
        {"out", line.out},
        {"past", line.past},
        {"ambiguous", line.ambiguous},
    };
    if (line.truth.known) {
        json["truth_in"] = line.truth.in;
        json["truth_out"] = line.truth.out;
        json["errors"] = line.errors();
    }
    if (line.events) {
        json["events"] = events_json(*line.events);
    }
    return json;
}

nlohmann::json zone_json(const ZoneResult& zone) {
    nlohmann::json json{{"zone", nlohmann::json::array()}, {"dwell_s", zone.dwell_s}};
    for (const Point& corner : zone.truth.polygon) {
        json["zone"].push_back({corner.x, corner.y});
    }
    if (!zone.truth.dwell_s.empty()) {
        json["truth_dwell_s"] = zone.truth.dwell_s;
    }
    if (zone.dwell_error_s) {
        json["dwell_error_s"] = *zone.dwell_error_s;
    }
    if (zone.presence_error) {
        json["people_error"] = *zone.presence_error;
    }
    return json;
}

nlohmann::json clip_json(const ClipResult& clip) {
    nlohmann::json json{
        {"clip", clip.clip},
        {"frames", clip.frames},
        {"cpu_ms_a_frame", costs_json(clip.costs, clip.frames)},
        {"lines", nlohmann::json::array()},
        {"zones", nlohmann::json::array()},
    };
    for (const LineResult& line : clip.lines) {
        json["lines"].push_back(line_json(line));
    }
    for (const ZoneResult& zone : clip.zones) {
        json["zones"].push_back(zone_json(zone));
    }
    return json;
}

}  // namespace

std::string to_text(const Evaluation& evaluation) {
    std::string text = fmt::format(
        "engine {}{}{}, {} pictures a second\n\n{:<22} {:<26} {:>7} {:>7} {:>6} {:>6} {:>9} "
        "{:>8}\n",
        to_string(evaluation.engine.kind),
        evaluation.engine.model.path.empty() ? "" : ", model ",
        evaluation.engine.model.path,
        evaluation.fps,
        "clip",
        "line (counted/truth)",
        "in",
        "out",
        "error",
        "F1",
        "ambiguous",
        "CPU ms"
    );
    for (const ClipResult& clip : evaluation.clips) {
        for (const LineResult& line : clip.lines) {
            text += line_row(clip, line);
        }
    }
    return text + zone_table(evaluation) + total_text(total_of(evaluation));
}

std::string to_json(const Evaluation& evaluation) {
    const EvaluationTotal total = total_of(evaluation);
    nlohmann::json json{
        {"engine", to_string(evaluation.engine.kind)},
        {"model", evaluation.engine.model.path},
        {"fps", evaluation.fps},
        {"clips", nlohmann::json::array()},
        {"total",
         {{"crossings", total.crossings},
          {"errors", total.errors},
          {"events", events_json(total.events)},
          {"frames", total.frames},
          {"cpu_ms_a_frame", costs_json(total.costs, total.frames)}}},
    };
    for (const ClipResult& clip : evaluation.clips) {
        json["clips"].push_back(clip_json(clip));
    }
    return json.dump(2);
}

}  // namespace cxedge::camera
