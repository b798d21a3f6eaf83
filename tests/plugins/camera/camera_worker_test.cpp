// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/camera_worker.hpp"

#include <fstream>

#include "tests/plugins/camera/film.hpp"
#include "tests/plugins/camera/worker_reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/resident_kib.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using camera::CameraWorker;
using camera::FrameDone;
using camera::StreamDown;
using camera::StreamEnded;
using namespace std::chrono_literals;

namespace {

const SystemClock kClock;

CameraWorker::Job film(const std::string& path) {
    CameraWorker::Job job;
    job.address = "file:" + path;
    job.options.pace = camera::Pace::fast;
    job.layout.lines = {{0.5, 0, 0.5, 1}};
    return job;
}

std::uint8_t walker(int n, int x, int /*y*/) {
    return x > n % 160 && x < n % 160 + 20 ? 200 : 60;
}

}  // namespace

TEST_CASE("camera: a film that is none is told once and not tried again", "[camera]") {
    const TempDir dir;
    const std::string text = dir.file("text.avi");
    std::ofstream(text) << "hello\n";
    const std::string sound = dir.file("sound.wav");
    // A film of sound alone: nothing to look at.
    std::ofstream(sound, std::ios::binary)
        << std::string(
               "RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x8\0data"
               "\0\x08\0\0",
               44
           )
        << std::string(2048, '\x80');
    for (const std::string& path : {text, sound, dir.file("none.avi")}) {
        WorkerReports reports;
        const CameraWorker worker(film(path), kClock, reports.sink());
        const auto down = reports.next<StreamDown>(10s);
        REQUIRE(down);
        CHECK_THAT(down->problem, Catch::StartsWith("file: " + path + ": "));
        CHECK(down->retry == 0ms);
        CHECK_FALSE(reports.next<StreamDown>(200ms));
    }
}

TEST_CASE("camera: a picture that changes its size in the middle is followed", "[camera]") {
    const TempDir dir;
    const std::string path = dir.file("sizes");
    std::ofstream file(path, std::ios::binary);
    for (int i = 0; i < 60; ++i) {
        file << ppm(i / 20 == 1 ? FilmSize{640, 360} : FilmSize{320, 240}, 100);
    }
    file.close();
    WorkerReports reports;
    CameraWorker::Job job = film(path);
    job.options.fps = 30;
    const CameraWorker worker(job, kClock, reports.sink());
    int changes = 0;
    int width = 0;
    while (const auto done = reports.next<FrameDone>(3s)) {
        changes += done->facts.source_width != width ? 1 : 0;
        width = done->facts.source_width;
    }
    CHECK(changes == 3);
}

TEST_CASE("camera: a replay as fast as possible sheds nothing and has no age", "[camera]") {
    const TempDir dir;
    const std::string path = dir.file("film.y4m");
    write_film(path, {160, 120}, 40, walker);
    WorkerReports reports;
    const CameraWorker worker(film(path), kClock, reports.sink());
    for (int i = 0; i < 40; ++i) {
        const auto done = reports.next<FrameDone>(10s);
        REQUIRE(done);
        CHECK_FALSE(done->facts.shedding);
        CHECK(done->facts.age == 0us);
        CHECK(done->facts.time == std::chrono::milliseconds(100 * i));
    }
    const auto ended = reports.next<StreamEnded>(10s);
    REQUIRE(ended);
    CHECK(ended->frames == 40);
}

// The long one is `./dev bench soak --hours 12`.
TEST_CASE("camera: memory stays flat over a loop", "[camera]") {
    const TempDir dir;
    const std::string path = dir.file("film.y4m");
    write_film(path, {160, 120}, 50, walker);
    CameraWorker::Job job = film(path);
    job.options.loop = true;
    WorkerReports reports;
    std::uint64_t before = 0;
    {
        const CameraWorker worker(job, kClock, reports.sink());
        for (int i = 0; i < 3000; ++i) {
            REQUIRE(reports.next<FrameDone>(10s));
            before = i == 1000 ? resident_kib() : before;
        }
    }
    CHECK(resident_kib() < before + 2048);
}

}  // namespace cxedge::test
