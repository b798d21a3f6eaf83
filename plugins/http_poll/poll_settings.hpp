// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "plugins/_devices/http_client.hpp"
#include "plugins/_devices/payload.hpp"
#include "plugins/http_poll/request_template.hpp"

namespace cxedge::plugins {

// What is asked, and how: `[[source.target]]`, or the source itself if it asks only one.
struct PollTarget : devices::HttpAccess {
    std::string url;
    std::string called;  // setting `device` of a target
    std::string mode = "poll";
    std::string method = "GET";
    std::string body;
    std::string body_file;
    std::chrono::milliseconds interval{60'000};
    std::chrono::milliseconds window{7'200'000};
    std::chrono::milliseconds align{3'600'000};
    std::chrono::milliseconds silence{300'000};

    [[nodiscard]] bool streams() const { return mode == "stream"; }
    [[nodiscard]] SearchPeriod period() const;
    // "10.0.0.7" or its name: for people.
    [[nodiscard]] std::string name() const;
};

struct PollSettings : devices::PayloadSettings, PollTarget {
    std::vector<PollTarget> targets;
};

// Reads them, with what a target leaves out taken from the source; `targets` is never empty.
PollSettings read_poll_settings(const SettingsNode& settings, SettingsProblems& problems);
std::vector<SettingHelp> poll_settings_help();

}  // namespace cxedge::plugins
