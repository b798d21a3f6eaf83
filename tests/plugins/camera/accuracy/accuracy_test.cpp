// SPDX-License-Identifier: Apache-2.0
// The counts that issue 4 demands, on the clips at hand. The whole table: cxedge-camera evaluate.
#include <filesystem>

#include "plugins/camera/evaluate.hpp"
#include "plugins/camera/evaluate_report.hpp"

#include "tests/plugins/camera/clips.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

using camera::EngineKind;

namespace {

const std::string kShared = SHARED;
const std::string kSmall = kShared + "/models/yolox_nano_person_416x256.onnx";
const std::string kLarge = kShared + "/models/yolox_nano_person_640x384.onnx";

// Everything but the long clip, and vtest.avi only where it is.
std::optional<camera::EvaluateJob> job_of(EngineKind kind, const std::string& model) {
    const std::string truth_file = kShared + "/data/clips/truth.json";
    const std::string vtest = vtest_clip();
    if (!std::filesystem::exists(truth_file) || !std::filesystem::exists(kLarge) || vtest.empty()) {
        WARN("skipped: needs ../shared (clips, truth, models) and vtest.avi of opencv-doc");
        return std::nullopt;
    }
    auto truth = camera::read_truth(truth_file);
    REQUIRE(truth.ok());
    camera::EvaluateJob job;
    job.engine = {kind, {model, ""}};
    job.folders = {kShared + "/data/clips", std::filesystem::path(vtest).parent_path().string()};
    for (const camera::TruthLine& line : truth->lines) {
        if (line.clip != "onebyone.mp4") {
            job.truth.lines.push_back(line);
        }
    }
    return job;
}

camera::EvaluationTotal run(const camera::EvaluateJob& job) {
    const auto result = camera::evaluate(job);
    REQUIRE(result.ok());
    UNSCOPED_INFO(camera::to_text(*result));
    return camera::total_of(*result);
}

}  // namespace

TEST_CASE("camera: dnn 416x256 makes at most 4 errors", "[camera][accuracy]") {
    if (const auto job = job_of(EngineKind::dnn, kSmall)) {
        const camera::EvaluationTotal total = run(*job);
        CHECK(total.crossings == 56);
        CHECK(total.errors <= 4);
        CHECK(total.events.f1() >= 0.97);
    }
}

TEST_CASE("camera: dnn 640x384 makes at most 2 errors", "[camera][accuracy]") {
    if (auto job = job_of(EngineKind::dnn, kLarge)) {
        // The others take longer than all the rest of this file.
        std::erase_if(job->truth.lines, [](const auto& line) {
            return line.clip == "vtest.avi" || line.clip == "anub_02.mp4";
        });
        const camera::EvaluationTotal total = run(*job);
        CHECK(total.crossings == 13);
        CHECK(total.errors <= 2);
        CHECK(total.events.f1() >= 0.98);
    }
}

TEST_CASE("camera: without a model at most a quarter is wrong", "[camera][accuracy]") {
    if (const auto job = job_of(EngineKind::motion, "")) {
        const camera::EvaluationTotal total = run(*job);
        CHECK(4 * total.errors <= total.crossings);
    }
}

TEST_CASE(
    "camera: a person who stays at the till stays as long as people say", "[camera][accuracy]"
) {
    auto job = job_of(EngineKind::dnn, kSmall);
    if (!job) {
        return;
    }
    const auto truth = camera::read_truth(kShared + "/data/clips/truth.json");
    REQUIRE(truth.ok());
    job->truth = {};
    for (const camera::TruthZone& zone : truth->zones) {
        if (zone.clip == "onebyone.mp4") {
            job->truth.zones.push_back(zone);
        }
    }
    const auto result = camera::evaluate(*job);
    REQUIRE(result.ok());
    const camera::ZoneResult& zone = result->clips.at(0).zones.at(0);
    CHECK(zone.dwell_s.size() == 6);
    REQUIRE(zone.dwell_error_s);
    CHECK(*zone.dwell_error_s < 1.5);
}

}  // namespace cxedge::test
