// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/kpi_socket/client.hpp"
#include "plugins/kpi_socket/kpi_json.hpp"

namespace cxedge::plugins {

struct KpiSocketSettings {
    std::string socket = "/run/cxedge/kpi.sock";
    std::string socket_mode = "0660";
    std::string kind = "gauge";
    std::vector<std::pair<std::string, std::string>> kinds;
    std::string prefix;
    std::vector<std::pair<std::string, std::string>> dims;
    std::int64_t max_clients = 32;
    std::int64_t max_series = 5'000;
    std::int64_t max_answers_kib = 256;
    std::chrono::milliseconds interval{10'000};
};

// Takes samples from local applications and answers each line once its sample is accepted.
class KpiSocket final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    [[nodiscard]] bool acknowledges() const override { return true; }
    void stop() override;

private:
    struct TextHash {
        // A name of the standard library.
        using is_transparent = void;  // NOLINT(readability-identifier-naming)
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct OwnSeries {
        std::optional<SeriesId> lines;
        std::optional<SeriesId> errors;
        std::optional<SeriesId> clients;
    };

    void declare_own_series();
    void accept_clients();
    void watch_listener();
    void add_client(UniqueFd fd);
    Status take_line(std::string_view line);
    Status take_text(std::string_view text);
    Status take_json(std::string_view text);
    Status emit(SeriesId id, double value, std::optional<std::int64_t> time_ms);
    Result<SeriesId> series_of_text(std::string_view text);
    Result<SeriesId> series_of_json(KpiJson& sample);
    Result<SeriesId> declare(std::string_view lookup, SeriesInfo info);
    [[nodiscard]] Kind kind_of(const std::string& metric) const;
    void report_counts();
    void report(const std::optional<SeriesId>& id, std::uint64_t value);

    KpiSocketSettings settings_;
    Host* host_ = nullptr;
    UniqueFd listener_;
    LoopHandle acceptable_;
    LoopHandle pause_;
    LoopHandle timer_;
    ClientContext context_;
    std::map<const Client*, std::shared_ptr<Client>> clients_;
    // Texts never begin with '{', lookups of JSON lines always do.
    std::unordered_map<std::string, SeriesId, TextHash, std::equal_to<>> series_;
    OwnSeries own_;
};

}  // namespace cxedge::plugins
