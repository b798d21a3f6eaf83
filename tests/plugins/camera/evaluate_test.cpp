// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/evaluate.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include "plugins/camera/evaluate_report.hpp"

#include "tests/plugins/camera/clips.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using camera::Direction;

namespace {

constexpr const char* kTruth = R"({
    "lines": [
        {"clip": "vtest.avi", "line": [0.62, 0.2, 0.62, 1.0], "in": 18, "out": 13},
        {"clip": "other.mp4", "line": [0.1, 0.5, 0.5, 0.6, 0.9, 0.5], "in": 1, "out": 0,
         "events": [[12, "in"]]}],
    "zones": [
        {"clip": "other.mp4", "zone": [[0, 0], [1, 0], [1, 1]], "dwell_s": [4.5],
         "per_frame": [0, 1, 1]}]})";

std::string write(const TempDir& dir, const std::string& name, const std::string& text) {
    std::ofstream(dir.file(name)) << text;
    return dir.file(name);
}

camera::EvaluateJob vtest_job(
    const std::string& clip, const std::vector<camera::LinePoints>& lines
) {
    camera::EvaluateJob job;
    job.folders = {std::filesystem::path(clip).parent_path().string()};
    for (const camera::LinePoints& line : lines) {
        camera::TruthLine& added = job.truth.lines.emplace_back();
        added.clip = std::filesystem::path(clip).filename().string();
        added.line = line;
        added.in = 18;
        added.out = 13;
    }
    return job;
}

}  // namespace

TEST_CASE("camera: counts vtest.avi within a quarter of the truth without a model", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    const auto result = camera::evaluate(vtest_job(clip, {{0.62, 0.2, 0.62, 1.0}}));
    REQUIRE(result.ok());
    INFO(camera::to_text(*result));
    CHECK(result->clips.at(0).frames == 795);
    const camera::EvaluationTotal total = camera::total_of(*result);
    CHECK(total.crossings == 31);
    CHECK(total.errors <= 7);
}

TEST_CASE("camera: a clip always gives the same counts", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    camera::EvaluateJob job =
        vtest_job(clip, {{0.4, 0.3, 0.4, 1.0}, {0.5, 0.2, 0.45, 0.6, 0.5, 1}});
    job.fps = 6;
    const auto first = camera::evaluate(job);
    const auto second = camera::evaluate(job);
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    for (std::size_t i = 0; i < 2; ++i) {
        const camera::LineResult& a = first->clips.at(0).lines.at(i);
        const camera::LineResult& b = second->clips.at(0).lines.at(i);
        CHECK(a.in + a.out > 0);
        CHECK(a.in == b.in);
        CHECK(a.out == b.out);
    }
}

TEST_CASE("camera: a clip that is not there is named, and where it was looked for", "[camera]") {
    const auto result = camera::evaluate(vtest_job("/nowhere/vtest.avi", {{0, 0.5, 1, 0.5}}));
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::not_found);
    CHECK_THAT(result.error().message, Catch::Contains("vtest.avi"));
    CHECK_THAT(result.error().message, Catch::Contains("/nowhere"));
}

TEST_CASE("camera: a line is pairs of fractions", "[camera]") {
    const auto line = camera::parse_line("0.62,0.2,0.62,1");
    REQUIRE(line.ok());
    CHECK(*line == camera::LinePoints{0.62, 0.2, 0.62, 1.0});
    CHECK(camera::parse_line("0.1,0.2,0.3,0.4,0.5,0.5").ok());
    for (const char* wrong :
         {"",
          "0.1,0.2,0.3",
          "0.1,0.2,0.3,1.5",
          "0.1;0.2;0.3;0.4",
          "0.1,0.2,0.3,0.4,0.5",
          "0.1,0.2,0.3,0.4,",
          "0.1,0.2,0.1,0.2",
          "a,b,c,d"}) {
        CAPTURE(wrong);
        CHECK_FALSE(camera::parse_line(wrong).ok());
    }
}

TEST_CASE("camera: truth has lines with events and zones with stays", "[camera]") {
    const TempDir dir;
    const auto truth = camera::read_truth(write(dir, "truth.json", kTruth));
    REQUIRE(truth.ok());
    REQUIRE(truth->lines.size() == 2);
    CHECK(truth->lines[0].in == 18);
    CHECK(truth->lines[0].out == 13);
    CHECK(truth->lines[1].line.size() == 6);
    REQUIRE(truth->lines[1].events.size() == 1);
    CHECK(truth->lines[1].events[0].frame == 12);
    CHECK(truth->lines[1].events[0].direction == Direction::in);
    REQUIRE(truth->zones.size() == 1);
    CHECK(truth->zones[0].polygon.size() == 3);
    CHECK(truth->zones[0].dwell_s == std::vector<double>{4.5});
    CHECK(truth->zones[0].occupancy == std::vector<int>{0, 1, 1});
}

TEST_CASE("camera: faults of a truth file are named", "[camera]") {
    const TempDir dir;
    const auto missing = camera::read_truth(dir.file("none.json"));
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == ErrorCode::not_found);
    for (const char* text :
         {"",
          "[1, 2",
          "{}",
          "[]",
          R"({"lines": [{"clip": "a"}]})",
          R"({"lines": [{"clip": "a", "line": ["x", 2, 3, 4], "in": 0, "out": 0}]})",
          R"({"lines": [{"clip": "a", "line": [0, 2, 1, 1], "in": 0, "out": 0}]})",
          R"({"lines": [{"clip": "a", "line": [0, 0, 1, 1], "in": 0, "out": 0,
                         "events": [[1, "up"]]}]})",
          R"({"zones": [{"clip": "a", "zone": [[0, 0], [1, 1]]}]})"}) {
        CAPTURE(text);
        const auto broken = camera::read_truth(write(dir, "bad.json", text));
        REQUIRE_FALSE(broken.ok());
        CHECK(broken.error().code == ErrorCode::corrupt);
        CHECK_THAT(broken.error().message, Catch::Contains("bad.json"));
    }
}

TEST_CASE("camera: events are paired by direction and time, each once", "[camera]") {
    using Events = std::vector<camera::TimedDirection>;
    const Events truth{{1, Direction::in}, {2, Direction::in}, {10, Direction::out}};
    const auto all = camera::score_events(
        {{2.4, Direction::in}, {0, Direction::in}, {9, Direction::out}}, truth, 1.5
    );
    CHECK(all.matched == 3);
    CHECK(all.f1() == 1);
    // Late, the wrong way, and once too often.
    const auto poor = camera::score_events(
        {{4, Direction::in}, {1, Direction::out}, {10, Direction::out}, {10.2, Direction::out}},
        truth,
        1.5
    );
    CHECK(poor.matched == 1);
    CHECK(poor.missed == 2);
    CHECK(poor.extra == 3);
    CHECK(poor.f1() == Approx(2.0 / 7));
    CHECK(camera::score_events({}, {}, 1.5).f1() == 1);
}

TEST_CASE("camera: the report says what was counted and what it should have been", "[camera]") {
    camera::Evaluation evaluation;
    evaluation.fps = 10;
    camera::ClipResult& clip = evaluation.clips.emplace_back();
    clip.clip = "door.mp4";
    clip.frames = 100;
    clip.costs = {0.1, 0.2, 1.5, 0.2};
    camera::LineResult& line = clip.lines.emplace_back();
    line.truth = {"door.mp4", {0, 0.5, 1, 0.5}, 3, 2, {}, true};
    line.in = 4;
    line.out = 2;
    line.events = camera::EventScore{5, 0, 1};
    CHECK_THAT(camera::to_text(evaluation), Catch::Contains("4/3"));
    CHECK_THAT(camera::to_text(evaluation), Catch::Contains("5 crossings, 1 errors (20.0 %)"));
    const auto json = nlohmann::json::parse(camera::to_json(evaluation));
    CHECK(json["total"]["errors"] == 1);
    CHECK(json["total"]["cpu_ms_a_frame"]["all"] == Approx(20));
    CHECK(json["clips"][0]["lines"][0]["truth_in"] == 3);
}

}  // namespace cxedge::test
