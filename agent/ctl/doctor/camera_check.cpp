// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/camera_check.hpp"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "agent/base/unique_fd.hpp"
#include "agent/ctl/doctor/rtsp_probe.hpp"

namespace cxedge::ctl {
namespace {

constexpr Check kCamera{"camera"};
constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kDevicePrefix = "v4l2:";
constexpr std::string_view kRtspPrefix = "rtsp://";
// RFC 7826 section 17.
constexpr int kRtspOk = 200;
constexpr int kRtspUnauthorised = 401;
constexpr int kRtspNotFound = 404;

Finding check_film(const std::string& who, const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return kCamera.problem(
            who + ": " + system_error(path, errno).message, "put the film there, or mend source"
        );
    }
    return kCamera.ok(who + ": " + path + " is there");
}

Finding check_device(const std::string& who, const std::string& path) {
    const UniqueFd device(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!device) {
        return kCamera.problem(
            who + ": " + system_error(path, errno).message,
            errno == EACCES ? "add the daemon's user to group video"
                            : "plug the camera in; ls /dev/video* shows what is there"
        );
    }
    struct stat info {};
    const bool character = ::fstat(device.get(), &info) == 0 && S_ISCHR(info.st_mode);
    return character ? kCamera.ok(who + ": " + path + " opens")
                     : kCamera.problem(who + ": " + path + " is no device", "mend source");
}

Finding check_answer(const std::string& who, const CameraPlace& camera, int code) {
    if (code == kRtspOk || (code == kRtspUnauthorised && camera.has_user)) {
        return kCamera.ok(fmt::format("{}: {} answers", who, camera.address));
    }
    if (code == kRtspUnauthorised) {
        return kCamera.problem(
            fmt::format("{}: {} wants a password", who, camera.address),
            "set user and password_file of this source"
        );
    }
    return kCamera.problem(
        fmt::format("{}: {} answers with RTSP status {}", who, camera.address, code),
        code == kRtspNotFound ? "look up the stream's path in the camera's manual"
                              : "look into the camera's own log"
    );
}

Finding check_rtsp(
    const std::string& who, const CameraPlace& camera, std::chrono::milliseconds patience
) {
    const auto code = rtsp_describe(camera.address, patience);
    return code ? check_answer(who, camera, *code)
                : kCamera.problem(
                      who + ": " + code.error().message,
                      "check the camera's power, cable and address"
                  );
}

}  // namespace

Finding check_camera(const CameraPlace& camera, std::chrono::milliseconds patience) {
    const std::string who = "source " + camera.name;
    if (camera.address.starts_with(kFilePrefix)) {
        return check_film(who, camera.address.substr(kFilePrefix.size()));
    }
    if (camera.address.starts_with(kDevicePrefix)) {
        return check_device(who, camera.address.substr(kDevicePrefix.size()));
    }
    if (camera.address.starts_with(kRtspPrefix)) {
        return check_rtsp(who, camera, patience);
    }
    return kCamera.note(
        fmt::format("{}: \"{}\" is not looked at from here", who, camera.address),
        "cxedged check says whether the plugin takes it"
    );
}

}  // namespace cxedge::ctl
