// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/line_splitter.hpp"
#include "plugins/serial/line_matcher.hpp"
#include "plugins/serial/serial_port.hpp"

namespace cxedge::plugins {

struct SerialSettings : devices::IntakeSettings {
    LineSettings line;  // read from keys of the same table
    std::string line_end = "\n";
    std::chrono::milliseconds settle{200};
    std::string send;
    std::chrono::milliseconds send_every{10'000};
    std::int64_t max_line_bytes = 1'024;
    std::vector<MatchRule> matches;
};

// Lines that a device sends over a serial port, by itself or when it is asked.
class Serial final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    Status open();
    void begin();
    void settled();
    void open_again();
    void lost(const std::string& why);
    void on_readable();
    void take_bytes(std::string_view bytes);
    void take_line(std::string_view line, bool too_long);
    void take_text(std::string_view line);
    void unmatched(std::string_view line);
    void ask();
    void set_problem(const std::string& problem);

    SerialSettings settings_;
    std::unique_ptr<LineMatcher> matcher_;
    Host* host_ = nullptr;
    std::optional<devices::Intake> intake_;
    UniqueFd port_;
    std::optional<devices::LineSplitter> splitter_;
    std::array<char, 4'096> buffer_{};
    bool begins_midway_ = false;
    int unanswered_ = 0;
    std::uint64_t unmatched_ = 0;
    std::optional<SteadyTime> unmatched_said_;
    std::string problem_;
    LoopHandle readable_;
    LoopHandle settling_;
    LoopHandle reopen_;
    LoopHandle poll_;
};

}  // namespace cxedge::plugins
