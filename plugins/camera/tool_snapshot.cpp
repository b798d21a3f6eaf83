// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/tool_snapshot.hpp"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"
#include "agent/config/load.hpp"

#include "plugins/camera/camera_settings.hpp"
#include "plugins/camera/motion_detector.hpp"
#include "plugins/camera/sandbox.hpp"
#include "plugins/camera/snapshot.hpp"
#include "plugins/camera/tool_commands.hpp"
#include "plugins/camera/tool_options.hpp"

namespace cxedge::camera {
namespace {

bool is_text(const SettingsNode& table, std::string_view key, const std::string& text) {
    const SettingsNode* node = table.find(key);
    const auto* value = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
    return value != nullptr && *value == text;
}

const SettingsNode* find_camera(const SettingsNode& config, const std::string& name) {
    const SettingsNode* sources = config.find("source");
    if (sources == nullptr || sources->list() == nullptr) {
        return nullptr;
    }
    for (const SettingsNode& each : *sources->list()) {
        const bool named = is_text(each, "name", name) ||
                           (each.find("name") == nullptr && is_text(each, "plugin", name));
        if (named && is_text(each, "plugin", "camera")) {
            return &each;
        }
    }
    return nullptr;
}

// From the box's own file alone: what stands elsewhere allows nothing.
Result<CameraSettings> read_camera(const SnapshotRequest& request) {
    SettingsProblems problems;
    const Result<SettingsNode> config = config::read_toml(request.config_file, "site", problems);
    if (!config) {
        return config.error();
    }
    const SettingsNode* node = find_camera(*config, request.source);
    if (node == nullptr) {
        return not_found(request.config_file + ": no camera named " + request.source);
    }
    CameraSettings settings = read_camera_settings(*node, problems);
    if (!problems.empty()) {
        return problems.error();
    }
    return {std::move(settings)};
}

Status write_all(int file, const std::vector<std::uint8_t>& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t some = ::write(file, bytes.data() + done, bytes.size() - done);
        if (some <= 0) {
            return system_error("writing", errno);
        }
        done += static_cast<std::size_t>(some);
    }
    return {};
}

Result<std::vector<std::uint8_t>> picture_of(const CameraSettings& settings) {
    const Result<std::string> address = full_address(settings);
    if (!address) {
        return address.error();
    }
    FrameOptions options = settings.frame_options();
    options.pace = Pace::fast;
    options.loop = false;
    const SystemClock clock;
    const std::atomic<bool> stop{false};
    Result<std::unique_ptr<FrameSource>> source = make_frame_source(*address, options, clock, stop);
    if (!source) {
        return source.error();
    }
    MotionDetector detector;
    const Result<Frame> frame = take_snapshot(**source, detector);
    return frame ? encode_png(*frame) : frame.error();
}

}  // namespace

Status write_snapshot(const SnapshotRequest& request) {
    const Result<CameraSettings> settings = read_camera(request);
    if (!settings) {
        return settings.error();
    }
    const auto consent =
        std::filesystem::path(request.config_file).parent_path() / "snapshot-allowed";
    if (Status allowed = snapshot_allowed(*settings, consent.string()); !allowed) {
        return allowed;
    }
    // Opened before the sandbox, in which no file can be.
    const UniqueFd out(
        ::open(request.out.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateFile)
    );
    if (out.get() < 0) {
        return system_error(request.out, errno);
    }
    if (Status inside = enter_sandbox(SandboxNeeds::of(settings->source)); !inside) {
        return inside;
    }
    const Result<std::vector<std::uint8_t>> bytes = picture_of(*settings);
    return bytes ? write_all(out.get(), *bytes) : Status(bytes.error());
}

void add_snapshot(CLI::App& app, ToolCommand& chosen) {
    const auto request = std::make_shared<SnapshotRequest>();
    CLI::App* show = app.add_subcommand("snapshot", "Write a picture without people, if allowed");
    show->add_option("--config", request->config_file, "The box's own configuration file")
        ->default_val("/etc/cxedge/cxedged.toml");
    show->add_option("--source", request->source, "Name of the camera in it")->required();
    show->add_option("--out", request->out, "PNG file to write")->required();
    show->callback([request, &chosen] {
        chosen = [request] {
            const Status written = write_snapshot(*request);
            return written ? 0 : complain(written.error());
        };
    });
}

}  // namespace cxedge::camera
