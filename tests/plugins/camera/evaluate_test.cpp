// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/evaluate.hpp"

#include <fstream>

#include "tests/plugins/camera/clips.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

namespace {

constexpr const char* kTruth = R"({"lines": [
    {"clip": "vtest.avi", "line": [0.62, 0.2, 0.62, 1.0], "in": 18, "out": 13}]})";

std::string write(const TempDir& dir, const std::string& name, const std::string& text) {
    std::ofstream(dir.file(name)) << text;
    return dir.file(name);
}

}  // namespace

TEST_CASE("camera: counts vtest.avi within a quarter of the truth both ways", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    const TempDir dir;
    const camera::EvaluateJob job{clip, {0.62, 0.2, 0.62, 1.0}, write(dir, "t.json", kTruth), 10};
    const Result<camera::Evaluation> first = camera::evaluate(job);
    REQUIRE(first.ok());
    INFO(camera::to_text(*first));
    CHECK(first->frames == 795);
    CHECK(first->in >= 14);
    CHECK(first->in <= 22);
    CHECK(first->out >= 10);
    CHECK(first->out <= 16);
}

TEST_CASE("camera: a clip always gives the same counts", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    const camera::EvaluateJob job{clip, {0.4, 0.3, 0.4, 1.0}, "", 6};
    const Result<camera::Evaluation> first = camera::evaluate(job);
    const Result<camera::Evaluation> second = camera::evaluate(job);
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    CHECK(first->in + first->out > 0);
    CHECK(first->in == second->in);
    CHECK(first->out == second->out);
}

TEST_CASE("camera: a line is four fractions", "[camera]") {
    const auto line = camera::parse_line("0.62,0.2,0.62,1");
    REQUIRE(line.ok());
    CHECK((*line)[0] == 0.62);
    CHECK((*line)[3] == 1.0);
    for (const char* wrong :
         {"",
          "0.1,0.2,0.3",
          "0.1,0.2,0.3,1.5",
          "0.1;0.2;0.3;0.4",
          "0.1,0.2,0.3,0.4,0.5",
          "0.1,0.2,0.1,0.2",
          "a,b,c,d"}) {
        CAPTURE(wrong);
        CHECK_FALSE(camera::parse_line(wrong).ok());
    }
}

TEST_CASE("camera: truth is found by clip and line, and its faults are named", "[camera]") {
    const TempDir dir;
    const std::string file = write(dir, "truth.json", kTruth);
    const auto found = camera::read_truth(file, "vtest.avi", {0.62, 0.2, 0.62, 1.0});
    REQUIRE(found.ok());
    CHECK(found->in == 18);
    CHECK(found->out == 13);

    const auto other_line = camera::read_truth(file, "vtest.avi", {0.5, 0.2, 0.62, 1.0});
    REQUIRE_FALSE(other_line.ok());
    CHECK(other_line.error().code == ErrorCode::not_found);

    for (const char* text :
         {"",
          "[1, 2",
          "{}",
          R"({"lines": [{"clip": "vtest.avi"}]})",
          R"({"lines": [{"clip": "vtest.avi", "line": ["x", 2, 3, 4]}]})"}) {
        CAPTURE(text);
        const auto broken =
            camera::read_truth(write(dir, "bad.json", text), "vtest.avi", {0.62, 0.2, 0.62, 1.0});
        REQUIRE_FALSE(broken.ok());
        CHECK(broken.error().code == ErrorCode::corrupt);
        CHECK_THAT(broken.error().message, Catch::Contains("bad.json"));
    }
}

}  // namespace cxedge::test
