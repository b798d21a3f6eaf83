// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/target_problems.hpp"
#include "plugins/http_poll/poll_cycle.hpp"
#include "plugins/http_poll/poll_settings.hpp"
#include "plugins/http_poll/target_desk.hpp"

namespace cxedge::plugins {

// Asks devices over HTTP: at a fixed rate, or by a multipart stream that is kept open.
class HttpPoll final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    explicit HttpPoll(devices::HttpLookup lookup = devices::look_up_host);
    HttpPoll(const HttpPoll&) = delete;
    HttpPoll& operator=(const HttpPoll&) = delete;
    ~HttpPoll() override;

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    void count(Outcome outcome);
    [[nodiscard]] TargetDesk::Naming naming_of(std::size_t number) const;
    std::unique_ptr<Cycle> begin(std::size_t number);

    const devices::HttpLookup lookup_;
    PollSettings settings_;
    std::unique_ptr<devices::PayloadReader> reader_;
    Host* host_ = nullptr;
    std::optional<devices::Intake> intake_;
    std::optional<devices::HttpClient> client_;
    std::optional<TargetDesk::Shared> shared_;
    std::vector<std::unique_ptr<Cycle>> cycles_;
    devices::TargetProblems<std::size_t> problems_;
    std::array<std::optional<SeriesId>, 4> counts_;  // by Outcome
};

}  // namespace cxedge::plugins
