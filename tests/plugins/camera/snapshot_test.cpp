// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/snapshot.hpp"

#include <cmath>
#include <filesystem>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "plugins/camera/camera_settings.hpp"

#include "tests/plugins/camera/film.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using camera::Detection;
using camera::Frame;
using camera::StreamSettings;

namespace {

constexpr FilmSize kPictureSize{320, 240};

// The finest detail there is.
std::uint8_t chequers(int /*n*/, int x, int y) {
    return (x + y) % 2 == 0 ? 255 : 0;
}

StreamSettings allowed() {
    StreamSettings settings;
    settings.snapshot = "allowed";
    return settings;
}

std::string problems_with(const std::string& layer) {
    SettingsNode node;
    SettingsNode text;
    text.value = std::string("allowed");
    text.position.layer = layer;
    node.value = SettingsNode::Table{{"snapshot", text}};
    SettingsProblems problems;
    check_stream_settings(allowed(), node, problems);
    return problems.empty() ? "" : problems.lines()[0];
}

std::string config_for(const std::string& film, const std::string& more) {
    return "[[source]]\nplugin = \"camera\"\nname = \"door\"\nsource = \"file:" + film + "\"\n" +
           more + "[[source.line]]\nname = \"main\"\npoints = [0.1, 0.5, 0.9, 0.5]\n";
}

}  // namespace

TEST_CASE("camera: a snapshot is allowed by the box's own file only", "[camera]") {
    CHECK(problems_with("site").empty());
    for (const char* layer : {"remote", "profile", ""}) {
        CHECK_THAT(problems_with(layer), Catch::Contains("only stand in the box's own"));
    }
}

TEST_CASE("camera: a snapshot needs the setting and a file that only root can make", "[camera]") {
    const TempDir dir;
    const std::string consent = dir.file("snapshot-allowed");
    CHECK_THAT(
        snapshot_allowed(StreamSettings(), consent).error().message, Catch::Contains("snapshot = ")
    );
    CHECK_THAT(snapshot_allowed(allowed(), consent).error().message, Catch::Contains("touch"));
    std::ofstream(consent) << "";
    CHECK(snapshot_allowed(allowed(), consent).ok() == (::geteuid() == 0));
    REQUIRE(::chmod(consent.c_str(), 0666) == 0);
    CHECK_THAT(snapshot_allowed(allowed(), consent).error().message, Catch::Contains("root"));
    std::filesystem::remove(consent);
    std::filesystem::create_symlink("/etc/passwd", consent);
    CHECK_FALSE(snapshot_allowed(allowed(), consent).ok());
}

TEST_CASE("camera: an anonymous picture has no detail, and people are flat", "[camera]") {
    Frame frame = drawn(kPictureSize, 0, chequers);
    camera::make_anonymous(frame, {}, camera::Detail::place);
    for (const std::uint8_t byte : frame.bgr) {
        REQUIRE((byte > 100 && byte < 156));
    }
    // Somebody with a coat of stripes that are wider than a block.
    const auto stripes = [](int, int x, int) {
        return static_cast<std::uint8_t>(x / 10 % 2 * 255);
    };
    Frame striped = drawn(kPictureSize, 0, stripes);
    camera::make_anonymous(striped, {{{100, 60, 60, 120}, 0.9}}, camera::Detail::place);
    std::set<std::uint8_t> inside;
    for (int y = 60; y < 180; ++y) {
        for (int x = 100; x < 160; ++x) {
            inside.insert(striped.bgr[static_cast<std::size_t>(y * kPictureSize.width + x) * 3]);
        }
    }
    CHECK(inside.size() <= 3);
    // Outlines: one block is what almost three of the finer kind were.
    Frame coarse = drawn(kPictureSize, 0, [](int, int x, int) {
        return static_cast<std::uint8_t>(x / 4 % 2 * 255);
    });
    camera::make_anonymous(coarse, {}, camera::Detail::outlines);
    for (const std::uint8_t byte : coarse.bgr) {
        REQUIRE((byte > 30 && byte < 225));
    }
    // People at the border and beyond it.
    camera::make_anonymous(
        striped, {{{-50, -50, 80, 80}, 1}, {{300, 200, 500, 500}, 1}}, camera::Detail::place
    );
}

TEST_CASE("camera: without a network nobody can say who stands: only outlines", "[camera]") {
    Result<camera::Anonymiser> anonymiser = camera::Anonymiser::make({});
    REQUIRE(anonymiser.ok());
    const auto stripes = [](int n, int x, int) {
        return static_cast<std::uint8_t>(x / 4 % 2 * 250 + n % 3);
    };
    Frame frame;
    for (int i = 0; i <= 100; ++i) {
        frame = drawn(kPictureSize, i / 10.0, stripes);
        anonymiser->look(frame);
    }
    CHECK(anonymiser->watched_enough());
    anonymiser->hide(frame);
    for (const std::uint8_t byte : frame.bgr) {
        REQUIRE((byte > 60 && byte < 195));
    }
}

TEST_CASE("camera: without its model a camera has no anonymous picture", "[camera]") {
    const auto none =
        camera::Anonymiser::make({camera::EngineKind::dnn, {"/nonexistent/model.onnx", ""}});
    REQUIRE_FALSE(none.ok());
    CHECK_THAT(none.error().message, Catch::Contains("/nonexistent/model.onnx"));
}

TEST_CASE("camera: a PNG is a PNG", "[camera]") {
    const Result<std::vector<std::uint8_t>> png =
        camera::encode_png(drawn(kPictureSize, 0, chequers));
    REQUIRE(png.ok());
    const std::string start(png->begin(), png->begin() + 8);
    CHECK(start == "\x89PNG\r\n\x1a\n");
}

// [seccomp]: the commands go into the sandbox, and qemu-user hands no filter to the kernel.
TEST_CASE(
    "camera: the snapshot command writes a picture or says why not", "[camera][native][seccomp]"
) {
    const TempDir dir;
    const std::string film = dir.file("film.y4m");
    write_film(film, {160, 120}, 30, [](int n, int x, int y) {
        return static_cast<std::uint8_t>(x + y + n % 2);
    });
    const std::string config = dir.file("cxedged.toml");
    const std::string out = dir.file("door.png");
    const std::vector<std::string> command{
        CXEDGE_CAMERA, "snapshot", "--config", config, "--source", "door", "--out", out};

    std::ofstream(config) << config_for(film, "");
    Finished finished = run(command);
    CHECK(finished.status == 64);
    CHECK_THAT(finished.output, Catch::Contains("no snapshot: this camera has not"));

    std::ofstream(config) << config_for(film, "snapshot = \"allowed\"\n");
    finished = run(command);
    CHECK(finished.status == 64);
    CHECK_THAT(finished.output, Catch::Contains("by root: touch " + dir.file("snapshot-allowed")));
    CHECK_FALSE(std::filesystem::exists(out));

    std::ofstream(dir.file("snapshot-allowed")) << "";
    if (::geteuid() != 0) {
        WARN("skipped: only root can allow a snapshot");
        return;
    }
    finished = run(command);
    INFO(finished.output);
    CHECK(finished.status == 0);
    CHECK(std::filesystem::file_size(out) > 100);
    CHECK_THAT(run(command).output, Catch::Contains("File exists"));
    // What a try that failed has left is in nobody's way.
    std::ofstream(out, std::ios::trunc) << "";
    CHECK(run(command).status == 0);
}

TEST_CASE(
    "camera: a camera is calibrated under the rules of a snapshot", "[camera][native][seccomp]"
) {
    const TempDir dir;
    const std::string film = dir.file("film.y4m");
    write_film(film, {160, 120}, 120, [](int n, int x, int y) {
        return static_cast<std::uint8_t>(x + y + n % 2);
    });
    const std::string config = dir.file("cxedged.toml");
    const std::string out = dir.file("door.png");
    const std::vector<std::string> command{
        CXEDGE_CAMERA, "calibrate", "--config", config, "--source", "door", "--out", out};
    std::ofstream(config) << config_for(film, "");
    Finished finished = run(command);
    CHECK(finished.status == 64);
    CHECK_THAT(finished.output, Catch::Contains("no snapshot: this camera has not"));
    CHECK_FALSE(std::filesystem::exists(out));

    std::ofstream(config) << config_for(film, "snapshot = \"allowed\"\n");
    std::ofstream(dir.file("snapshot-allowed")) << "";
    if (::geteuid() != 0) {
        WARN("skipped: only root can allow a snapshot");
        return;
    }
    finished = run(command);
    INFO(finished.output);
    CHECK(finished.status == 0);
    CHECK_THAT(finished.output, Catch::Contains("120 pictures of 160 x 120"));
    CHECK(std::filesystem::file_size(out) > 100);
    finished = run({CXEDGE_CAMERA, "calibrate", "--out", out});
    CHECK(finished.status == 64);
    CHECK_THAT(finished.output, Catch::Contains("--clip FILM or --source CAMERA"));
}

}  // namespace cxedge::test
