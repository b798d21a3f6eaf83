// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "plugins/camera/annotate.hpp"

namespace cxedge::camera {
namespace {

constexpr double kEventToleranceS = 1.5;

Result<std::string> find_clip(const std::string& name, const std::vector<std::string>& folders) {
    std::string tried;
    for (const std::string& folder : folders) {
        const std::filesystem::path path = std::filesystem::path(folder) / name;
        std::error_code error;
        if (std::filesystem::exists(path, error)) {
            return path.string();
        }
        tried += (tried.empty() ? "" : ", ") + (folder.empty() ? "." : folder);
    }
    return not_found(name + ": no such clip in " + tried + "; name its folder with --clips");
}

// Clip names in the order of the file, each once.
std::vector<std::string> clips_of(const TruthFile& truth) {
    std::vector<std::string> names;
    const auto keep = [&](const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(name);
        }
    };
    for (const TruthLine& line : truth.lines) {
        keep(line.clip);
    }
    for (const TruthZone& zone : truth.zones) {
        keep(zone.clip);
    }
    return names;
}

// The entries of one clip, empty yet.
ClipResult prepare(const std::string& clip, const TruthFile& truth) {
    ClipResult result;
    result.clip = clip;
    for (const TruthLine& line : truth.lines) {
        if (line.clip == clip) {
            result.lines.emplace_back().truth = line;
        }
    }
    for (const TruthZone& zone : truth.zones) {
        if (zone.clip == clip) {
            result.zones.emplace_back().truth = zone;
        }
    }
    return result;
}

SceneLayout layout_of(const ClipResult& clip) {
    SceneLayout layout;
    for (const LineResult& line : clip.lines) {
        layout.lines.push_back(line.truth.line);
    }
    for (const ZoneResult& zone : clip.zones) {
        layout.zones.emplace_back().polygon = zone.truth.polygon;
    }
    return layout;
}

void judge_line(const std::vector<Crossing>& crossings, double native_fps, LineResult& line) {
    std::vector<TimedDirection> counted;
    for (const Crossing& each : crossings) {
        line.in += each.direction == Direction::in ? 1 : 0;
        line.out += each.direction == Direction::out ? 1 : 0;
        line.past += each.direction == Direction::past ? 1 : 0;
        counted.push_back({seconds(each.time), each.direction});
    }
    const bool timed = !line.truth.events.empty() || line.truth.in + line.truth.out == 0;
    if (!timed || !line.truth.known || native_fps <= 0) {
        return;
    }
    std::vector<TimedDirection> truth;
    for (const TruthEvent& event : line.truth.events) {
        truth.push_back({event.frame / native_fps, event.direction});
    }
    line.events = score_events(counted, truth, kEventToleranceS);
}

void judge_zone(const ClipRun::ZoneRun& run, ZoneResult& zone) {
    for (const Visit& stay : run.stays) {
        zone.dwell_s.push_back(seconds(stay.stood_for()));
    }
    const std::vector<double>& dwell = zone.truth.dwell_s;
    if (!dwell.empty() && dwell.size() == zone.dwell_s.size()) {
        double sum = 0;
        for (std::size_t i = 0; i < dwell.size(); ++i) {
            sum += std::abs(dwell[i] - zone.dwell_s[i]);
        }
        zone.dwell_error_s = sum / static_cast<double>(dwell.size());
    }
    double sum = 0;
    int pictures = 0;
    for (const ZonePresence& each : run.present) {
        if (each.frame < zone.truth.occupancy.size()) {
            sum +=
                std::abs(each.people - zone.truth.occupancy[static_cast<std::size_t>(each.frame)]);
            ++pictures;
        }
    }
    if (pictures > 0) {
        zone.presence_error = sum / pictures;
    }
}

Result<ClipResult> evaluate_clip(const EvaluateJob& job, const std::string& name) {
    const Result<std::string> path = find_clip(name, job.folders);
    if (!path) {
        return path.error();
    }
    ClipResult result = prepare(name, job.truth);
    const ClipJob clip{"file:" + *path, job.engine, layout_of(result), job.fps};
    const Result<ClipRun> run = job.film.empty() ? run_clip(clip) : annotate(clip, job.film);
    if (!run) {
        return run.error();
    }
    result.frames = run->frames;
    result.costs = run->costs;
    for (std::size_t i = 0; i < result.lines.size(); ++i) {
        result.lines[i].ambiguous = run->ambiguous[i];
        judge_line(run->crossings[i], run->native_fps, result.lines[i]);
    }
    for (std::size_t i = 0; i < result.zones.size(); ++i) {
        judge_zone(run->zones[i], result.zones[i]);
    }
    return result;
}

}  // namespace

int LineResult::errors() const {
    return std::abs(in - truth.in) + std::abs(out - truth.out);
}

Result<Evaluation> evaluate(const EvaluateJob& job) {
    Evaluation evaluation{job.engine, job.fps, {}};
    const std::vector<std::string> clips = clips_of(job.truth);
    if (!job.film.empty() && clips.size() > 1) {
        return invalid_argument("one film shows one clip: name it with --clip");
    }
    for (const std::string& name : clips) {
        Result<ClipResult> clip = evaluate_clip(job, name);
        if (!clip) {
            return clip.error();
        }
        evaluation.clips.push_back(std::move(*clip));
    }
    return evaluation;
}

namespace {

void add_line(const LineResult& line, EvaluationTotal& total) {
    if (line.truth.known) {
        total.crossings += line.truth.in + line.truth.out;
        total.errors += line.errors();
        total.events.add(line.events.value_or(EventScore()));
    }
}

}  // namespace

EvaluationTotal total_of(const Evaluation& evaluation) {
    EvaluationTotal total;
    for (const ClipResult& clip : evaluation.clips) {
        total.frames += clip.frames;
        total.costs.add(clip.costs);
        for (const LineResult& line : clip.lines) {
            add_line(line, total);
        }
    }
    return total;
}

Result<LinePoints> parse_line(const std::string& text) {
    LinePoints line;
    std::istringstream stream(text);
    double value = 0;
    char comma = ',';
    while (comma == ',' && stream >> value) {
        line.push_back(value);
        comma = '\0';
        stream >> comma;
    }
    const bool clean = stream.eof() && comma == '\0' && line.size() >= 4 && line.size() % 2 == 0;
    const bool inside =
        std::all_of(line.begin(), line.end(), [](double p) { return p >= 0 && p <= 1; });
    if (!clean || !inside) {
        return invalid_argument("a line is x1,y1,x2,y2 in fractions of the picture: " + text);
    }
    for (std::size_t i = 0; i + 3 < line.size(); i += 2) {
        if (distance({line[i], line[i + 1]}, {line[i + 2], line[i + 3]}) <= 0) {
            return invalid_argument("a line that leads nowhere: " + text);
        }
    }
    return line;
}

}  // namespace cxedge::camera
