// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/statsd/datagram_socket.hpp"
#include "plugins/statsd/series_table.hpp"

namespace cxedge::plugins {

struct StatsdSettings {
    std::string listen = "127.0.0.1:8125";
    std::string socket;
    std::string socket_mode = "0660";
    std::string prefix;
    std::vector<std::pair<std::string, std::string>> dims;
    std::chrono::milliseconds interval{10'000};
    std::int64_t receive_buffer_kib = 208;
    std::int64_t max_series = 5'000;
    std::int64_t max_members = 10'000;
};

// Turns StatsD lines into readings as they come; sets are counted over interval_s.
class Statsd final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

    // The UDP port, also when the kernel chose it; 0: none.
    [[nodiscard]] std::uint16_t port() const;

private:
    // Since the last flush.
    struct Counts {
        std::uint64_t lines = 0;
        std::uint64_t bad = 0;
        std::uint64_t refused = 0;
        std::uint64_t kernel_drops = 0;
    };
    struct OwnSeries {
        SeriesId id{};
        std::uint64_t Counts::*count = nullptr;
    };

    Status open_sockets();
    Status take_over(Result<DatagramSocket> opened);
    void declare_own_series();
    void receive(const Datagram& datagram);
    void take_line(std::string_view text);
    void take_values(const StatsdLine& line, SeriesTable::Series& series);
    void take_number(
        const StatsdLine& line, SeriesTable::Series& series, const StatsdNumber& number
    );
    void take_member(std::string_view member, SeriesTable::Series& series);
    void emit(SeriesId id, double value, const std::optional<std::int64_t>& unix_time);
    void bad_line(std::string_view line);
    void flush();
    void flush_sets();

    StatsdSettings settings_;
    Host* host_ = nullptr;
    std::vector<std::unique_ptr<DatagramSocket>> sockets_;
    std::optional<SeriesTable> table_;
    LoopHandle timer_;
    Counts counts_;
    std::uint64_t drops_before_ = 0;
    std::vector<OwnSeries> own_;
    bool bad_said_ = false;
    bool full_set_said_ = false;
};

}  // namespace cxedge::plugins
