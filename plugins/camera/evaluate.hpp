// SPDX-License-Identifier: Apache-2.0
// Counts a clip as the camera would and says how well. Needs no agent and no broker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/result.hpp"

#include "plugins/camera/geometry.hpp"
#include "plugins/camera/truth.hpp"

namespace cxedge::camera {

struct EvaluateJob {
    std::string clip;
    LinePoints line{};
    std::string truth_file;  // empty: only count
    double fps = 10;
};

struct Evaluation {
    std::string clip;
    int in = 0;
    int out = 0;
    std::uint64_t ambiguous = 0;  // appeared on the line: not counted
    std::uint64_t frames = 0;
    double cpu_ms_a_frame = 0;
    std::optional<Truth> truth;

    // |in - truth| + |out - truth|; requires truth.
    [[nodiscard]] int errors() const;
};

Result<Evaluation> evaluate(const EvaluateJob& job);

// "0.62,0.2,0.62,1.0"
Result<LinePoints> parse_line(const std::string& text);

std::string to_text(const Evaluation& evaluation);
std::string to_json(const Evaluation& evaluation);

}  // namespace cxedge::camera
