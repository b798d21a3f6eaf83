// SPDX-License-Identifier: Apache-2.0
// Counts clips as the camera would and says how well. Needs no agent and no broker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/clip_run.hpp"
#include "plugins/camera/event_score.hpp"
#include "plugins/camera/truth.hpp"

namespace cxedge::camera {

struct EvaluateJob {
    EngineChoice engine;
    double fps = 10;
    TruthFile truth;
    // Where the clips are looked for, in this order.
    std::vector<std::string> folders;
    std::string film;  // where to write the clip with what was seen drawn into it; empty: nowhere
};

struct LineResult {
    TruthLine truth;
    int in = 0;
    int out = 0;
    int past = 0;
    std::uint64_t ambiguous = 0;
    std::optional<EventScore> events;  // where the truth has events

    // |in - truth| + |out - truth|
    [[nodiscard]] int errors() const;
};

struct ZoneResult {
    TruthZone truth;
    std::vector<double> dwell_s;           // of each stay, in order
    std::optional<double> dwell_error_s;   // mean, absolute; where all true stays were found
    std::optional<double> presence_error;  // people, mean of the absolute error of each picture
};

struct ClipResult {
    std::string clip;
    std::uint64_t frames = 0;
    StageCosts costs;
    std::vector<LineResult> lines;
    std::vector<ZoneResult> zones;
};

struct Evaluation {
    EngineChoice engine;
    double fps = 0;
    std::vector<ClipResult> clips;
};

struct EvaluationTotal {
    int crossings = 0;  // true ones
    int errors = 0;
    EventScore events;
    std::uint64_t frames = 0;
    StageCosts costs;
};

// Runs every clip of the truth once. not_found names the clip and the folders; invalid_argument: a
// film of several clips.
Result<Evaluation> evaluate(const EvaluateJob& job);

EvaluationTotal total_of(const Evaluation& evaluation);

// "0.62,0.2,0.62,1.0", also with more corners.
Result<LinePoints> parse_line(const std::string& text);

}  // namespace cxedge::camera
