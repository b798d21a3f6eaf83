// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/frame_source.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"

#include "plugins/camera/frame_clock.hpp"

#include "tests/plugins/camera/clips.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using camera::Frame;
using camera::FrameOptions;
using namespace std::chrono_literals;

namespace {

struct Reader {
    SystemClock clock;
    std::atomic<bool> stop{false};
    std::unique_ptr<camera::FrameSource> source;

    explicit Reader(const std::string& address, FrameOptions options = {}) {
        options.pace = camera::Pace::fast;
        auto made = camera::make_frame_source(address, options, clock, stop);
        REQUIRE(made.ok());
        source = std::move(*made);
    }

    // The error of open(), or of the first next() that fails; empty = the file ended well.
    Error first_error() {
        if (const Status opened = source->open(); !opened) {
            return opened.error();
        }
        Frame frame;
        while (true) {
            const Result<bool> got = source->next(frame);
            if (!got) {
                return got.error();
            }
            if (!*got) {
                return {ErrorCode::unavailable, ""};
            }
        }
    }
};

std::string write_clip(const TempDir& dir, const std::string& name, const std::string& bytes) {
    std::ofstream(dir.file(name), std::ios::binary) << bytes;
    return dir.file(name);
}

std::string first_bytes(const std::string& path, std::size_t count) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(count, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(count));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

std::string noise(std::size_t count) {
    std::mt19937 random(7);
    std::string bytes(count, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(random() & 0xFFU);
    }
    return bytes;
}

}  // namespace

TEST_CASE("camera: a missing, empty, garbage or text file is a clear error", "[camera]") {
    const TempDir dir;
    const std::string missing = dir.file("none.avi");
    CHECK(Reader("file:" + missing).first_error().message == "file: " + missing + ": no such file");

    const std::string empty = write_clip(dir, "empty.avi", "");
    CHECK(
        Reader("file:" + empty).first_error().message == "file: " + empty + ": the file is empty"
    );

    CHECK_THAT(
        Reader("file:" + dir.path().string()).first_error().message,
        Catch::Contains("not a regular file")
    );
    for (const std::string& bytes :
         {noise(200'000),
          std::string("hello\n"),
          std::string(1, 'R'),
          std::string("#EXTM3U\n/etc/passwd\n")}) {
        const std::string path = write_clip(dir, "garbage.avi", bytes);
        const Error error = Reader("file:" + path).first_error();
        INFO(error.message);
        CHECK(error.code == ErrorCode::corrupt);
        CHECK_THAT(error.message, Catch::StartsWith("file: " + path + ": "));
    }
}

TEST_CASE("camera: a truncated clip plays as far as it goes or says what is wrong", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    const TempDir dir;
    for (const std::size_t length : {100U, 5'000U, 20'000U, 300'000U}) {
        const std::string path = write_clip(dir, "cut.avi", first_bytes(clip, length));
        CAPTURE(length);
        const Error error = Reader("file:" + path).first_error();
        INFO(error.message);
        CHECK((error.message.empty() || error.code == ErrorCode::corrupt));
        CHECK((length < 300'000U || error.message.empty()));
        CHECK((length > 100U || !error.message.empty()));
    }
    // Bytes damaged in the middle must not end the process either.
    std::string damaged = first_bytes(clip, 400'000);
    damaged.replace(100'000, 50'000, noise(50'000));
    const Error error = Reader("file:" + write_clip(dir, "damaged.avi", damaged)).first_error();
    CHECK((error.message.empty() || error.code == ErrorCode::corrupt));
}

TEST_CASE("camera: frames are scaled, thinned and stamped, a loop has a seam", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    const TempDir dir;
    // About 40 pictures.
    const std::string path = write_clip(dir, "short.avi", first_bytes(clip, 500'000));
    FrameOptions options;
    options.loop = true;
    Reader reader("file:" + path, options);
    REQUIRE(reader.source->open().ok());
    Frame frame;
    std::chrono::microseconds last{-1};
    int seams = 0;
    for (int i = 0; i < 300; ++i) {
        const Result<bool> got = reader.source->next(frame);
        REQUIRE(got.ok());
        REQUIRE(*got);
        REQUIRE(frame.time > last);
        REQUIRE(frame.time - last < 250ms);
        last = frame.time;
        seams += frame.seam ? 1 : 0;
    }
    CHECK(frame.width == 320);
    CHECK(frame.height == 240);
    CHECK(frame.bgr.size() == 320U * 240U * 3U);
    CHECK(seams >= 1);
}

TEST_CASE("camera: a stop ends reading", "[camera]") {
    const std::string clip = vtest_clip();
    if (clip.empty()) {
        WARN(kNoClip);
        return;
    }
    FrameOptions options;
    options.loop = true;
    Reader reader("file:" + clip, options);
    REQUIRE(reader.source->open().ok());
    reader.stop = true;
    Frame frame;
    const Result<bool> got = reader.source->next(frame);
    REQUIRE_FALSE(got.ok());
    CHECK_THAT(got.error().message, Catch::Contains("stopped"));
}

TEST_CASE("camera: a network camera that refuses or never answers is unavailable", "[camera]") {
    const UniqueFd mute(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(mute.get(), generic, length) == 0);
    REQUIRE(::getsockname(mute.get(), generic, &length) == 0);
    const std::string host = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));

    FrameOptions options;
    options.timeout = 300ms;
    // Bound but not listening: refused at once.
    Error error = Reader("rtsp://user:secret@" + host + "/a", options).first_error();
    CHECK(error.code == ErrorCode::unavailable);
    CHECK_THAT(error.message, Catch::StartsWith("rtsp: rtsp://" + host + "/a: "));
    CHECK_THAT(error.message, !Catch::Contains("secret"));

    REQUIRE(::listen(mute.get(), 1) == 0);
    error = Reader("rtsp://" + host + "/a", options).first_error();
    CHECK(error.code == ErrorCode::unavailable);
    CHECK_THAT(error.message, Catch::Contains("no answer within 300 ms"));

    // Hangs up in the middle of an answer, as a camera does that restarts.
    std::thread hangs_up([&mute] {
        const UniqueFd unanswered(::accept4(mute.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const UniqueFd peer(::accept4(mute.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 1> first{};
        (void)::recv(peer.get(), first.data(), first.size(), 0);
        (void)::send(peer.get(), "RTSP/1.0 2", 10, MSG_NOSIGNAL);
    });
    options.timeout = 10s;
    error = Reader("rtsp://" + host + "/a", options).first_error();
    hangs_up.join();
    CHECK(error.code == ErrorCode::unavailable);
}

// [V4L2]: qemu-user passes none of its ioctls on (ENOSYS, where the kernel says ENOTTY).
TEST_CASE("camera: a device that is no camera is a clear error", "[camera][native][V4L2]") {
    CHECK(Reader("v4l2:/dev/null").first_error().message == "v4l2: /dev/null: not a V4L2 device");
}

TEST_CASE("camera: a device that is not there is a clear error", "[camera]") {
    const Error missing = Reader("v4l2:/dev/video-none").first_error();
    CHECK(missing.code == ErrorCode::unavailable);
    CHECK_THAT(missing.message, Catch::StartsWith("v4l2: /dev/video-none: "));
}

TEST_CASE("camera: addresses are checked and shown without passwords", "[camera]") {
    CHECK(camera::address_problem("file:/a.avi").empty());
    CHECK(camera::address_problem("rtsp://h/p").empty());
    CHECK(camera::address_problem("v4l2:/dev/video0").empty());
    CHECK_FALSE(camera::address_problem("http://h/p").empty());
    CHECK_FALSE(camera::address_problem("file:").empty());
    CHECK_FALSE(camera::address_problem("rtsp://").empty());
    CHECK(camera::public_address("rtsp://u:p@h:554/x?y=@z") == "rtsp://h:554/x?y=@z");
    CHECK(camera::public_address("rtsp://u:p%40@h") == "rtsp://h");
    CHECK(camera::public_address("file:/a@b/c") == "file:/a@b/c");
}

TEST_CASE("camera: time only moves forward, whatever the stream says", "[camera]") {
    camera::FrameClock times(40ms);
    CHECK(times.stamp(5'000'000) == 0ms);
    CHECK(times.stamp(5'100'000) == 100ms);
    CHECK(times.stamp(5'100'000) == 140ms);      // repeated
    CHECK(times.stamp(std::nullopt) == 180ms);   // missing
    CHECK(times.stamp(100) == 220ms);            // after a missing one
    CHECK(times.stamp(3'600'000'000) == 260ms);  // the camera set its clock
    CHECK(times.stamp(3'600'050'000) == 310ms);
    CHECK(times.stamp(0) == 350ms);  // began again
}

TEST_CASE("camera: thinning keeps the wanted rate at any stream rate", "[camera]") {
    for (const int fps : {5, 10, 15, 24, 25, 30, 60}) {
        camera::FrameThinner thinner(10);
        int kept = 0;
        for (int i = 0; i < fps * 10; ++i) {
            kept += thinner.due(std::chrono::microseconds(i * 1'000'000LL / fps)) ? 1 : 0;
        }
        CAPTURE(fps);
        CHECK(kept >= std::min(fps, 10) * 10 - 1);
        CHECK(kept <= std::min(fps, 10) * 10 + 1);
    }
}

}  // namespace cxedge::test
