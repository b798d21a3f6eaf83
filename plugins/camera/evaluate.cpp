// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/evaluate.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/clock.hpp"

#include "plugins/camera/cpu_time.hpp"
#include "plugins/camera/motion_detector.hpp"
#include "plugins/camera/scene.hpp"

namespace cxedge::camera {
namespace {

void add(const SceneReport& report, Evaluation& to) {
    for (const LineCrossing& each : report.crossings) {
        ++(each.crossing.direction == Direction::in ? to.in : to.out);
    }
}

Status count_clip(FrameSource& source, Scene& scene, Evaluation& result) {
    if (Status opened = source.open(); !opened) {
        return opened;
    }
    Frame frame;
    while (true) {
        const Result<bool> got = source.next(frame);
        if (!got) {
            return got.error();
        }
        if (!*got) {
            break;
        }
        ++result.frames;
        add(scene.process(frame), result);
    }
    result.ambiguous = scene.ambiguous(0);
    add(scene.finish(), result);
    return {};
}

std::string compared(int counted, std::optional<int> truth) {
    return truth ? fmt::format("{:>4}  {:>5}  {:>+5}\n", counted, *truth, counted - *truth)
                 : fmt::format("{:>4}\n", counted);
}

}  // namespace

int Evaluation::errors() const {
    return std::abs(in - truth->in) + std::abs(out - truth->out);
}

Result<Evaluation> evaluate(const EvaluateJob& job) {
    Evaluation result;
    result.clip = std::filesystem::path(job.clip).filename().string();
    if (!job.truth_file.empty()) {
        const Result<Truth> truth = read_truth(job.truth_file, result.clip, job.line);
        if (!truth) {
            return truth.error();
        }
        result.truth = *truth;
    }
    const SystemClock clock;
    const std::atomic<bool> stop{false};
    FrameOptions options;
    options.pace = Pace::fast;
    options.fps = job.fps;
    Result<std::unique_ptr<FrameSource>> source =
        make_frame_source("file:" + job.clip, options, clock, stop);
    if (!source) {
        return source.error();
    }
    Scene scene(std::make_unique<MotionDetector>(), {{job.line}, {}});
    const double before = thread_cpu_s();
    if (Status counted = count_clip(**source, scene, result); !counted) {
        return counted.error();
    }
    result.cpu_ms_a_frame = (thread_cpu_s() - before) * 1000 /
                            static_cast<double>(std::max<std::uint64_t>(1, result.frames));
    return result;
}

Result<LinePoints> parse_line(const std::string& text) {
    LinePoints line{};
    std::istringstream stream(text);
    for (std::size_t i = 0; i < line.size(); ++i) {
        char comma = ',';
        if (i > 0) {
            stream >> comma;
        }
        if (!(stream >> line[i]) || comma != ',' || line[i] < 0 || line[i] > 1) {
            return invalid_argument("a line is x1,y1,x2,y2 in fractions of the picture: " + text);
        }
    }
    const bool rest = stream.peek() != std::istringstream::traits_type::eof();
    if (rest || distance({line[0], line[1]}, {line[2], line[3]}) <= 0) {
        return invalid_argument("not a line: " + text);
    }
    return line;
}

std::string to_text(const Evaluation& evaluation) {
    const auto& truth = evaluation.truth;
    std::string text = fmt::format(
        "{}: {} pictures, {:.2f} ms of processor time each\n",
        evaluation.clip,
        evaluation.frames,
        evaluation.cpu_ms_a_frame
    );
    text += truth ? "      counted  truth  error\n" : "      counted\n";
    text += "in       " + compared(evaluation.in, truth ? std::optional(truth->in) : std::nullopt);
    text +=
        "out      " + compared(evaluation.out, truth ? std::optional(truth->out) : std::nullopt);
    if (evaluation.ambiguous > 0) {
        text += fmt::format("{} first seen on the line: not counted\n", evaluation.ambiguous);
    }
    return text;
}

std::string to_json(const Evaluation& evaluation) {
    nlohmann::json json{
        {"clip", evaluation.clip},
        {"in", evaluation.in},
        {"out", evaluation.out},
        {"ambiguous", evaluation.ambiguous},
        {"frames", evaluation.frames},
        {"cpu_ms_a_frame", evaluation.cpu_ms_a_frame},
    };
    if (evaluation.truth) {
        json["truth_in"] = evaluation.truth->in;
        json["truth_out"] = evaluation.truth->out;
        json["errors"] = evaluation.errors();
    }
    return json.dump();
}

}  // namespace cxedge::camera
