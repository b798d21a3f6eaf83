// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>

#include "plugins/camera/sandbox.hpp"
#include "plugins/camera/snapshot.hpp"
#include "plugins/camera/tool_box_camera.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace cxedge::camera {
namespace {

Result<Frame> picture_of(const BoxCamera& camera) {
    Result<Anonymiser> anonymiser = Anonymiser::make(camera.engine);
    if (!anonymiser) {
        return anonymiser.error();
    }
    FrameOptions options = camera.settings.frame_options();
    options.width = anonymiser->picture_width();
    options.pace = Pace::fast;
    options.loop = false;
    const SystemClock clock;
    const std::atomic<bool> stop{false};
    const Result<std::unique_ptr<FrameSource>> source =
        make_frame_source(camera.address, options, clock, stop);
    return source ? take_snapshot(**source, *anonymiser) : source.error();
}

// The sandbox comes before the first look at the camera.
Status write_snapshot(const BoxCameraRequest& request) {
    const Result<BoxCamera> camera = find_box_camera(request);
    if (!camera) {
        return camera.error();
    }
    const Result<UniqueFd> out = make_picture_file(request.out);
    if (!out) {
        return out.error();
    }
    if (Status inside = enter_sandbox(SandboxNeeds::of(camera->settings.source)); !inside) {
        return inside;
    }
    const Result<Frame> picture = picture_of(*camera);
    return picture ? write_picture(*out, *picture) : Status(picture.error());
}

}  // namespace

void add_snapshot(CLI::App& app, ToolCommand& chosen) {
    const auto request = std::make_shared<BoxCameraRequest>();
    CLI::App* show = app.add_subcommand("snapshot", "Write a picture without people, if allowed");
    add_box_camera_options(*show, *request);
    show->get_option("--source")->required();
    show->add_option("--out", request->out, "PNG file to write")->required();
    show->callback([request, &chosen] {
        chosen = [request] {
            const Status written = write_snapshot(*request);
            return written ? 0 : complain(written.error());
        };
    });
}

}  // namespace cxedge::camera
