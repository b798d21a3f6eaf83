// SPDX-License-Identifier: Apache-2.0
// Against a real RTSP server: what happens to a stream must cost seconds, never the camera. The
// same for a minute: ./dev bench rtsp.
#include <csignal>
#include <optional>
#include <string>

#include "tests/plugins/camera/rtsp_server.hpp"
#include "tests/plugins/camera/worker_reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::test {

using camera::CameraWorker;
using camera::FrameDone;
using camera::StreamDown;
using namespace std::chrono_literals;

namespace {

const SystemClock kClock;
// The promise: counting again this soon after the stream's return, and nothing older.
const auto kReturn = 10s * slowness();
const auto kFresh = 1s * slowness();

CameraWorker::Job job(const RtspServer& server, std::chrono::milliseconds timeout) {
    CameraWorker::Job job;
    job.address = server.address();
    job.options.timeout = timeout * slowness();
    return job;
}

// Pictures for two seconds, none of them stale.
void check_fresh(WorkerReports& reports) {
    for (int i = 0; i < 20; ++i) {
        const std::optional<FrameDone> done = reports.next<FrameDone>(kReturn);
        REQUIRE(done);
        CHECK(done->facts.age < kFresh);
        CHECK(done->facts.age >= 0s);
    }
}

}  // namespace

TEST_CASE("camera: counts again after a server was killed and started anew", "[camera][rtsp]") {
    std::optional<RtspServer> server(std::in_place);
    if (!runs(*server)) {
        return;
    }
    WorkerReports reports;
    const CameraWorker worker(job(*server, 2s), kClock, reports.sink());
    REQUIRE(reports.next<FrameDone>(kReturn));
    check_fresh(reports);
    server->kill();
    const std::optional<StreamDown> down = reports.next<StreamDown>(kReturn);
    REQUIRE(down);
    CHECK_THAT(down->problem, Catch::StartsWith("rtsp: rtsp://127.0.0.1:"));
    CHECK(down->retry >= 1s);
    CHECK(down->retry <= 4s);
    const std::string port = server->port();
    // Away for long enough to be asked in vain more than once.
    REQUIRE(reports.next<StreamDown>(kReturn));
    server.emplace(std::vector<std::string>{}, port);
    REQUIRE(runs(*server));
    REQUIRE(reports.next<FrameDone>(kReturn));
    check_fresh(reports);
}

TEST_CASE("camera: a server that stops and goes on is no stale stream", "[camera][rtsp]") {
    const RtspServer server;
    if (!runs(server)) {
        return;
    }
    for (const auto timeout : {1s, 20s}) {
        CAPTURE(timeout.count());
        WorkerReports reports;
        const CameraWorker worker(job(server, timeout), kClock, reports.sink());
        REQUIRE(reports.next<FrameDone>(kReturn));
        server.signal(SIGSTOP);
        // With the short timeout it is down; with the long one it is only late.
        const bool down = reports.next<StreamDown>(4s * slowness()).has_value();
        CHECK(down == (timeout == 1s));
        server.signal(SIGCONT);
        REQUIRE(reports.next<FrameDone>(kReturn));
        check_fresh(reports);
    }
}

TEST_CASE("camera: a port that is open and mute is left again", "[camera][rtsp]") {
    std::optional<RtspServer> server(std::in_place);
    if (!runs(*server)) {
        return;
    }
    WorkerReports reports;
    const CameraWorker worker(job(*server, 1s), kClock, reports.sink());
    REQUIRE(reports.next<FrameDone>(kReturn));
    server->kill();
    const std::string port = server->port();
    std::optional<UniqueFd> mute(listen_and_be_mute(port));
    REQUIRE(mute->get() >= 0);
    const std::string no_answer = "no answer within " + std::to_string(1000 * slowness()) + " ms";
    std::optional<StreamDown> down;
    do {
        down = reports.next<StreamDown>(kReturn);
        REQUIRE(down);
    } while (down->problem.find(no_answer) == std::string::npos);
    mute.reset();
    server.emplace(std::vector<std::string>{}, port);
    REQUIRE(runs(*server));
    REQUIRE(reports.next<FrameDone>(kReturn));
    check_fresh(reports);
}

TEST_CASE("camera: a reader slower than the stream gets new pictures", "[camera][rtsp]") {
    const RtspServer server;
    if (!runs(server)) {
        return;
    }
    camera::FrameGrabber::Job reading{server.address(), {}, camera::FrameGrabber::Keep::newest};
    reading.options.timeout *= slowness();
    camera::FrameGrabber grabber(reading, kClock);
    camera::Frame frame;
    std::chrono::microseconds last{-1};
    int skips = 0;
    for (int i = 0; i < 12; ++i) {
        const Result<bool> got = grabber.next(frame, kReturn);
        REQUIRE(got.ok());
        // Taken from the stream, not from a queue: 2.5 pictures a second of 15.
        CHECK(kClock.steady_now() - frame.arrived < 500ms * slowness());
        skips += i >= 2 && frame.time - last > 300ms ? 1 : 0;
        last = frame.time;
        const SteadyTime busy_until = kClock.steady_now() + 400ms;
        while (kClock.steady_now() < busy_until) {
        }
    }
    // Each time; where decoding is the slow part, now and then.
    CHECK(skips >= 10 / slowness());
}

TEST_CASE("camera: another size and another codec are followed", "[camera][rtsp]") {
    std::optional<RtspServer> server(std::in_place);
    if (!runs(*server)) {
        return;
    }
    WorkerReports reports;
    const CameraWorker worker(job(*server, 2s), kClock, reports.sink());
    const std::optional<FrameDone> before = reports.next<FrameDone>(kReturn);
    REQUIRE(before);
    CHECK(before->facts.source_width == 320);
    server->kill();
    const std::string port = server->port();
    server.emplace(std::vector<std::string>{"--size", "480x360", "--codec", "jpeg"}, port);
    REQUIRE(runs(*server));
    REQUIRE(reports.next<StreamDown>(kReturn));
    const std::optional<FrameDone> after = reports.next<FrameDone>(kReturn);
    REQUIRE(after);
    CHECK(after->facts.source_width == 480);
    CHECK(after->facts.source_height == 360);
    CHECK(after->facts.time > before->facts.time);
    check_fresh(reports);
}

TEST_CASE("camera: a path that the server does not know is said so", "[camera][rtsp]") {
    const RtspServer server;
    if (!runs(server)) {
        return;
    }
    CameraWorker::Job wrong = job(server, 2s);
    wrong.address += "er";
    WorkerReports reports;
    const CameraWorker worker(wrong, kClock, reports.sink());
    const std::optional<StreamDown> down = reports.next<StreamDown>(kReturn);
    REQUIRE(down);
    CHECK_THAT(down->problem, Catch::Contains("404"));
    CHECK(down->retry > 0s);
}

}  // namespace cxedge::test
