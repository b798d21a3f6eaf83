// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/frame_source.hpp"

#include <array>

#include "plugins/camera/frame_sources.hpp"

namespace cxedge::camera {
namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kV4l2 = "v4l2:";

bool is_rtsp(std::string_view address) {
    return address.starts_with("rtsp://") || address.starts_with("rtsps://");
}

std::string rest(std::string_view address, std::string_view prefix) {
    return std::string(address.substr(prefix.size()));
}

}  // namespace

bool is_live(std::string_view address) {
    return !address.starts_with(kFile);
}

std::string address_problem(std::string_view address) {
    const bool known = address.starts_with(kFile) || address.starts_with(kV4l2) || is_rtsp(address);
    if (!known) {
        return R"(must be "file:PATH", "rtsp://HOST/PATH" or "v4l2:/dev/videoN")";
    }
    const std::size_t place = is_rtsp(address) ? address.find("//") + 2 : kFile.size();
    return address.size() > place ? "" : "names no place";
}

std::string public_address(std::string_view address) {
    const std::size_t scheme = address.find("://");
    if (scheme == std::string_view::npos || !is_rtsp(address)) {
        return std::string(address);
    }
    const std::size_t host = scheme + 3;
    const std::size_t path = std::min(address.find('/', host), address.size());
    const std::size_t at = address.substr(host, path - host).rfind('@');
    const std::size_t skip = at == std::string_view::npos ? 0 : at + 1;
    return std::string(address.substr(0, host)) + std::string(address.substr(host + skip));
}

Result<std::unique_ptr<FrameSource>> make_frame_source(
    std::string_view address,
    const FrameOptions& options,
    const Clock& clock,
    const std::atomic<bool>& stop
) {
    if (const std::string problem = address_problem(address); !problem.empty()) {
        return invalid_argument(public_address(address) + ": " + problem);
    }
    const SourceContext context{options, clock, stop};
    if (is_rtsp(address)) {
        return make_rtsp_source(std::string(address), context);
    }
    if (address.starts_with(kV4l2)) {
        return make_v4l2_source(rest(address, kV4l2), context);
    }
    return make_file_source(rest(address, kFile), context);
}

}  // namespace cxedge::camera
