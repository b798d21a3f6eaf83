// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/camera_source.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>

#include "plugins/camera/kept_view.hpp"

#include "tests/plugins/camera/clips.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

namespace {

SettingsNode node(decltype(SettingsNode::value) value) {
    SettingsNode result;
    result.value = std::move(value);
    return result;
}

SettingsNode::List numbers(const std::vector<double>& values) {
    SettingsNode::List list;
    for (const double value : values) {
        list.push_back(node(value));
    }
    return list;
}

SettingsNode line(const std::string& name, const std::vector<double>& points) {
    return node(SettingsNode::Table{{"name", node(name)}, {"points", node(numbers(points))}});
}

SettingsNode settings(const std::string& source, SettingsNode::List lines) {
    return node(SettingsNode::Table{
        {"plugin", node(std::string("camera"))},
        {"source", node(source)},
        {"pace", node(std::string("fast"))},
        {"line", node(std::move(lines))},
    });
}

std::string problems_of(const SettingsNode& tree) {
    camera::CameraSource source;
    SettingsProblems problems;
    source.init(tree, problems);
    std::string all;
    for (const std::string& each : problems.lines()) {
        all += each + "\n";
    }
    return all;
}

const std::vector<double> kDoor{0.62, 0.2, 0.62, 1.0};

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

TEST_CASE("camera: good settings have no problems", "[camera]") {
    CHECK(problems_of(settings("file:/clip.avi", {line("door", kDoor)})).empty());
    CHECK(problems_of(settings("rtsp://host/low", {line("a", kDoor), line("b", kDoor)})).empty());
}

TEST_CASE("camera: wrong settings are named", "[camera]") {
    using Catch::Contains;
    CHECK_THAT(problems_of(settings("http://x", {line("a", kDoor)})), Contains("source"));
    CHECK_THAT(
        problems_of(settings("rtsp://u:p@h/x", {line("a", kDoor)})), Contains("password_file")
    );
    CHECK_THAT(problems_of(settings("file:/a", {})), Contains("line"));
    CHECK_THAT(
        problems_of(settings("file:/a", {line("a", {0.1, 0.2, 0.3})})), Contains("has 3 numbers")
    );
    CHECK_THAT(
        problems_of(settings("file:/a", {line("a", {0.1, 0.2, 0.3, 320})})), Contains("0 to 1")
    );
    CHECK_THAT(
        problems_of(settings("file:/a", {line("a", {0.5, 0.5, 0.5, 0.5})})), Contains("too short")
    );
    CHECK_THAT(
        problems_of(settings("file:/a", {line("a", kDoor), line("a", kDoor)})),
        Contains("is used twice: a")
    );
    SettingsNode slow = settings("file:/a", {line("a", kDoor)});
    slow.table()->emplace_back("fps", node(2.0));
    CHECK_THAT(problems_of(slow), Contains("fps"));
}

TEST_CASE("camera: a broken clip is a problem, not a crash, and sends no zeros", "[camera]") {
    const TempDir dir;
    std::ofstream(dir.file("bad.avi")) << "this is not a film";
    FakeHost host("cam-1");
    camera::CameraSource source;
    SettingsProblems problems;
    source.init(settings("file:" + dir.file("bad.avi"), {line("main", kDoor)}), problems);
    REQUIRE(problems.empty());
    REQUIRE(source.start(host).ok());
    REQUIRE(host.run_until([&] { return !host.problems.empty(); }));
    source.stop();
    CHECK_THAT(host.problems[0], Catch::Contains("bad.avi: "));
    CHECK(host.values_of("store.footfall.in{camera=cam-1,door=main}").empty());
    CHECK(host.values_of("cam.up{camera=cam-1}") == std::vector<double>{0});
}

TEST_CASE("camera: a clip becomes counts, zeros, cost and a clean end", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    FakeHost host("cam-1");
    camera::CameraSource source;
    SettingsProblems problems;
    source.init(settings("file:" + clip, {line("main", kDoor)}), problems);
    REQUIRE(problems.empty());
    REQUIRE(source.start(host).ok());
    // One wait is 10 s; a build with sanitizers on a busy machine needs more.
    bool ended = false;
    for (int wait = 0; wait < 10 && !ended; ++wait) {
        ended = host.run_until([&] { return host.logged("has ended after 795 pictures"); });
    }
    REQUIRE(ended);
    source.stop();

    const auto in = host.values_of("store.footfall.in{camera=cam-1,door=main}");
    REQUIRE_FALSE(in.empty());
    CHECK(in[0] == 0);
    CHECK(sum(in) >= 14);
    CHECK(sum(in) <= 22);
    CHECK(sum(host.values_of("store.footfall.out{camera=cam-1,door=main}")) >= 10);
    CHECK(host.values_of("cam.frame_cost{camera=cam-1}").size() == 795);
    // Repeated with every report, so how often depends on how long the clip took.
    const auto up = host.values_of("cam.up{camera=cam-1}");
    REQUIRE(up.size() >= 2);
    CHECK(up.front() == 1);
    CHECK(std::count(up.begin(), up.end(), 0.0) == 1);
    // After a minute its view is known for the next start: a head and 192 bytes.
    CHECK(host.kept_now.size() == 24 + camera::ViewDigest::kBytes);
    CHECK(up.back() == 0);
}

TEST_CASE("camera: stop in the middle of a film is quick and final", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    FakeHost host("cam-1");
    camera::CameraSource source;
    SettingsProblems problems;
    source.init(settings("file:" + clip, {line("main", kDoor)}), problems);
    REQUIRE(source.start(host).ok());
    REQUIRE(host.run_until([&] { return host.readings.size() > 20; }));
    source.stop();
    const std::size_t before = host.readings.size();
    host.loop().poll();
    CHECK(host.readings.size() == before);
}

TEST_CASE("camera: what is kept of a view belongs to what was drawn into it", "[camera]") {
    camera::CameraSettings settings;
    settings.lines = {{"main", "", kDoor}};
    const std::string kept = camera::keep_view(settings, camera::ViewDigest());
    CHECK(camera::kept_view(settings, kept) == camera::ViewDigest());
    CHECK_FALSE(camera::kept_view(settings, ""));
    CHECK_FALSE(camera::kept_view(settings, kept.substr(0, kept.size() - 1)));
    settings.source = "rtsp://another";  // another camera at the same place
    CHECK(camera::kept_view(settings, kept));
    settings.lines[0].points[0] = 0.6;
    CHECK_FALSE(camera::kept_view(settings, kept));
}

}  // namespace cxedge::test
