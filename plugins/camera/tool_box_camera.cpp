// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/tool_box_camera.hpp"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config/load.hpp"

#include "plugins/camera/snapshot.hpp"

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
Result<CameraSettings> read_camera(const BoxCameraRequest& request) {
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

bool is_empty_file(int file) {
    struct stat info {};
    return ::fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0;
}

}  // namespace

void add_box_camera_options(CLI::App& command, BoxCameraRequest& request) {
    command.add_option("--config", request.config_file, "The box's own configuration file")
        ->default_val("/etc/cxedge/cxedged.toml");
    command.add_option("--source", request.source, "Name of the camera in it");
}

Result<BoxCamera> find_box_camera(const BoxCameraRequest& request) {
    Result<CameraSettings> settings = read_camera(request);
    if (!settings) {
        return settings.error();
    }
    const auto consent =
        std::filesystem::path(request.config_file).parent_path() / "snapshot-allowed";
    if (Status allowed = snapshot_allowed(*settings, consent.string()); !allowed) {
        return allowed.error();
    }
    Result<std::string> address = full_address(*settings);
    const Result<EngineChoice> engine = choose_engine(*settings);
    if (!address || !engine) {
        return address ? engine.error() : address.error();
    }
    return BoxCamera{std::move(*settings), std::move(*address), *engine};
}

Result<UniqueFd> make_picture_file(const std::string& path) {
    constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
    UniqueFd made(::open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
    if (made.get() >= 0) {
        return {std::move(made)};
    }
    const int why = errno;
    UniqueFd left(::open(path.c_str(), kFlags));
    if (why != EEXIST || left.get() < 0 || !is_empty_file(left.get())) {
        return system_error(path, why);
    }
    return {std::move(left)};
}

Status write_picture(const UniqueFd& file, const Frame& frame) {
    const Result<std::vector<std::uint8_t>> bytes = encode_png(frame);
    return bytes ? write_all(file.get(), *bytes) : Status(bytes.error());
}

}  // namespace cxedge::camera
