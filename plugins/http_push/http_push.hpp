// SPDX-License-Identifier: Apache-2.0
// Devices that push: people counters, cameras with counting on board, buttons, queue systems. Each
// message is answered after what it says is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/http_push/push_run.hpp"
#include "plugins/http_push/push_settings.hpp"

namespace cxedge::plugins {

class HttpPush final : public Source {
public:
    [[nodiscard]] static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    [[nodiscard]] bool acknowledges() const override { return true; }
    void stop() override;

    // The port that is bound; 0: none.
    [[nodiscard]] std::uint16_t port() const { return run_ ? run_->port() : std::uint16_t{0}; }

private:
    void make_readers(const SettingsNode& settings, SettingsProblems& problems);

    PushSettings settings_;
    std::vector<std::unique_ptr<devices::PayloadReader>> readers_;  // one a route
    std::unique_ptr<PushRun> run_;
};

}  // namespace cxedge::plugins
