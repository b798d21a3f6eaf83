// SPDX-License-Identifier: Apache-2.0
// Whether a camera can be opened: films, devices, and network cameras that a socket here plays.
#include "agent/ctl/doctor/camera_check.hpp"

#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"
#include "agent/ctl/doctor/rtsp_probe.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::seconds kLong{20};

// Answers one connection with one text.
class NetworkCamera {
public:
    explicit NetworkCamera(std::string answer)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), answer_(std::move(answer)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(listener_.get(), generic, size) == 0);
        REQUIRE(::listen(listener_.get(), 1) == 0);
        ::getsockname(listener_.get(), generic, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    NetworkCamera(const NetworkCamera&) = delete;
    NetworkCamera& operator=(const NetworkCamera&) = delete;
    ~NetworkCamera() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    [[nodiscard]] std::string address() const {
        return fmt::format("rtsp://127.0.0.1:{}/stream2", port_);
    }

    std::string heard;  // read it only after the answer came

private:
    void serve() {
        const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
        char question[512];
        const ssize_t got = client ? ::recv(client.get(), question, sizeof question, 0) : -1;
        if (got > 0) {
            heard.assign(question, static_cast<std::size_t>(got));
            ::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
        }
    }

    UniqueFd listener_;
    std::string answer_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

Finding check_with(const std::string& answer, bool has_user) {
    const NetworkCamera camera(answer);
    return check_camera({"entrance", camera.address(), has_user}, kLong);
}

}  // namespace

TEST_CASE("doctor: films and devices of cameras", "[ctl][doctor]") {
    const test::TempDir dir;
    std::ofstream(dir.file("a.mp4")) << "x";
    CHECK(check_camera({"c", "file:" + dir.file("a.mp4"), false}, kLong).verdict == Verdict::ok);
    CHECK(
        check_camera({"c", "file:" + dir.file("b.mp4"), false}, kLong).verdict == Verdict::problem
    );
    CHECK(check_camera({"c", "v4l2:/dev/null", false}, kLong).verdict == Verdict::ok);
    CHECK(
        check_camera({"c", "v4l2:" + dir.file("video0"), false}, kLong).verdict == Verdict::problem
    );
    CHECK(
        check_camera({"c", "v4l2:" + dir.file("a.mp4"), false}, kLong).what ==
        "source c: " + dir.file("a.mp4") + " is no device"
    );
    CHECK(check_camera({"c", "http://elsewhere", false}, kLong).verdict == Verdict::note);
}

TEST_CASE("doctor: a network camera that gives its stream", "[ctl][doctor]") {
    NetworkCamera camera("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
    const auto code = rtsp_describe(camera.address(), kLong);
    REQUIRE(code.ok());
    CHECK(*code == 200);
    CHECK(camera.heard.rfind("DESCRIBE " + camera.address() + " RTSP/1.0\r\nCSeq: 1\r\n", 0) == 0);
}

TEST_CASE("doctor: a network camera and its password", "[ctl][doctor]") {
    const std::string wants_one = "RTSP/1.0 401 Unauthorized\r\n\r\n";
    CHECK(check_with(wants_one, true).verdict == Verdict::ok);
    const Finding finding = check_with(wants_one, false);
    CHECK(finding.verdict == Verdict::problem);
    CHECK(finding.remedy == "set user and password_file of this source");
}

TEST_CASE("doctor: network cameras that are none, or not there", "[ctl][doctor]") {
    CHECK(
        check_with("RTSP/1.0 404 Not Found\r\n\r\n", false).remedy.find("path") != std::string::npos
    );
    CHECK(check_with("RTSP/1.0 503 Busy\r\n\r\n", false).verdict == Verdict::problem);
    CHECK(
        check_with("HTTP/1.1 400 Bad Request\r\n\r\n", false).what.find("not a network camera") !=
        std::string::npos
    );
    std::string gone;
    {
        const NetworkCamera camera("");
        gone = camera.address();
    }
    CHECK(check_camera({"c", gone, false}, kLong).verdict == Verdict::problem);
    CHECK(check_camera({"c", "rtsp://:/x", false}, kLong).verdict == Verdict::problem);
}

}  // namespace cxedge::ctl
