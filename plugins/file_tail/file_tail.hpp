// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/line_sources.hpp"
#include "plugins/_devices/payload.hpp"

namespace cxedge::plugins {

struct FileTailSettings : devices::PayloadSettings {
    std::string path;
    std::vector<std::string> paths;
    bool from_start = false;
    std::chrono::milliseconds pause{200};
    std::int64_t max_line_kib = 64;
};

// Each line of files that grow is a message.
class FileTail final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    // A line that storage refuses is read again.
    [[nodiscard]] bool acknowledges() const override { return true; }
    void stop() override;

private:
    [[nodiscard]] bool has_header() const;
    Status take(const devices::Line& line);

    FileTailSettings settings_;
    SettingsNode node_;  // for the reader of each start
    std::unique_ptr<devices::PayloadReader> reader_;
    std::optional<devices::Intake> intake_;
    std::unique_ptr<devices::FileFollower> follower_;
};

}  // namespace cxedge::plugins
