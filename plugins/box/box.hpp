// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/box/box_reader.hpp"

namespace cxedge::plugins {

struct BoxSettings : BoxParts {
    std::chrono::milliseconds interval{30'000};
};

// Reports the box's own health every interval_s. What the box does not have is left out.
class Box final : public Source {
public:
    explicit Box(BoxSystem system = real_box_system()) : system_(std::move(system)) {}
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    struct Known {
        std::optional<SeriesId> id;  // none: the agent refused the series
        bool seen = false;           // in the present look
    };

    void report();
    void emit(const BoxValue& value);
    Known& known(const SeriesInfo& info);
    void emit_absent();

    BoxSettings settings_;
    BoxSystem system_;
    Host* host_ = nullptr;
    std::optional<BoxReader> reader_;
    LoopHandle timer_;
    std::map<SeriesKey, Known> known_;
    std::set<std::string> reported_missing_;
};

}  // namespace cxedge::plugins
