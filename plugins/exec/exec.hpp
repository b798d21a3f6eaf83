// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/line_sources.hpp"
#include "plugins/_devices/payload.hpp"
#include "plugins/exec/exec_lines.hpp"

namespace cxedge::plugins {

struct ExecSettings : devices::PayloadSettings {
    ExecSettings() { format = "lines"; }

    std::vector<std::string> command;
    std::chrono::milliseconds interval{0};
    std::chrono::milliseconds timeout{30'000};
    std::chrono::milliseconds silence{0};
    std::string kind = "gauge";
    KindsByName kinds;
    std::int64_t max_line_kib = 64;
};

// Each line that a program prints is a message.
class Exec final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    // The program waits while storage refuses.
    [[nodiscard]] bool acknowledges() const override { return true; }
    void stop() override;

private:
    [[nodiscard]] bool has_own_format() const;
    void check_own_format(const SettingsNode& settings, SettingsProblems& problems) const;
    Status make_reader();
    Status take(const devices::Line& line);
    Result<devices::Report> read(const devices::Line& line);

    ExecSettings settings_;
    SettingsNode node_;  // for the reader of each start
    std::optional<ExecLines> lines_;
    std::unique_ptr<devices::PayloadReader> reader_;  // null: lines_
    std::optional<devices::Intake> intake_;
    std::unique_ptr<devices::ChildLines> child_;
};

}  // namespace cxedge::plugins
