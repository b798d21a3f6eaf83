// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/frame_grabber.hpp"

#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"

#include "tests/plugins/camera/film.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using camera::FrameGrabber;
using namespace std::chrono_literals;

namespace {

const SystemClock kGrabberClock;

FrameGrabber::Job film(const TempDir& dir, int pictures, FrameGrabber::Keep keep) {
    const std::string path = dir.file("film.y4m");
    write_film(path, {64, 48}, pictures, [](int n, int, int) {
        return static_cast<std::uint8_t>(n);
    });
    camera::FrameOptions options;
    options.pace = camera::Pace::fast;
    return {"file:" + path, options, keep};
}

}  // namespace

TEST_CASE("camera: a grabber that keeps every picture loses none", "[camera]") {
    const TempDir dir;
    FrameGrabber grabber(film(dir, 50, FrameGrabber::Keep::every), kGrabberClock);
    camera::Frame frame;
    int pictures = 0;
    while (true) {
        const Result<bool> got = grabber.next(frame, 10s);
        REQUIRE(got.ok());
        if (!*got) {
            break;
        }
        CHECK(frame.bgr[0] == pictures);
        ++pictures;
    }
    CHECK(pictures == 50);
    CHECK(grabber.take_cost_s() > 0);
    CHECK(grabber.take_cost_s() == 0);
}

TEST_CASE("camera: a grabber that keeps the newest has no backlog", "[camera]") {
    const TempDir dir;
    FrameGrabber grabber(film(dir, 50, FrameGrabber::Keep::newest), kGrabberClock);
    // The whole film has been read before anybody asks.
    REQUIRE(grabber.ended_within(10s));
    camera::Frame frame;
    Result<bool> got = grabber.next(frame, 10s);
    REQUIRE(got.ok());
    REQUIRE(*got);
    CHECK(frame.bgr[0] == 49);
    got = grabber.next(frame, 10s);
    REQUIRE(got.ok());
    CHECK_FALSE(*got);
}

TEST_CASE("camera: a jump is not lost with the picture that told it", "[camera]") {
    const TempDir dir;
    FrameGrabber::Job job = film(dir, 20, FrameGrabber::Keep::newest);
    job.options.loop = true;
    FrameGrabber grabber(job, kGrabberClock);
    camera::Frame frame;
    bool seam = false;
    for (int i = 0; i < 1000 && !seam; ++i) {
        const Result<bool> got = grabber.next(frame, 10s);
        REQUIRE(got.ok());
        seam = frame.seam;
    }
    CHECK(seam);
}

TEST_CASE("camera: a silent camera ends in time, a stop ends a wait at once", "[camera]") {
    const UniqueFd mute(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(mute.get(), generic, length) == 0);
    REQUIRE(::listen(mute.get(), 4) == 0);
    REQUIRE(::getsockname(mute.get(), generic, &length) == 0);
    FrameGrabber::Job job;
    job.address = "rtsp://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/a";
    job.options.timeout = 60s;

    FrameGrabber impatient(job, kGrabberClock);
    camera::Frame frame;
    Result<bool> got = impatient.next(frame, 50ms);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().code == ErrorCode::unavailable);
    CHECK_THAT(got.error().message, Catch::Contains("no picture within 50 ms"));

    FrameGrabber stopped(job, kGrabberClock);
    std::thread stopper([&] { stopped.stop(); });
    got = stopped.next(frame, 60s);
    stopper.join();
    REQUIRE_FALSE(got.ok());
    CHECK_THAT(got.error().message, Catch::Contains("stopped"));
    // The reader was inside libav, waiting for an answer.
    CHECK(stopped.ended_within(2s));
}

}  // namespace cxedge::test
