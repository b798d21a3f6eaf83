// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/kernel_clock.hpp"
#include "agent/plugin_api/source.hpp"

#include "plugins/_probes/packet_socket.hpp"
#include "plugins/_probes/stamp_packet.hpp"
#include "plugins/stamp_reflector/reflector_gate.hpp"
#include "plugins/stamp_reflector/reflector_lag.hpp"
#include "plugins/stamp_reflector/reflector_sessions.hpp"
#include "plugins/stamp_reflector/reflector_settings.hpp"
#include "plugins/stamp_reflector/reflector_tally.hpp"

namespace cxedge::plugins {

// Session-Reflector of RFC 8762, also for TWAMP Light senders. An answer is as long as its request.
class StampReflector final : public Source {
public:
    // `own_clock`: kernel_clock, but in tests.
    explicit StampReflector(std::function<KernelClock()> own_clock = kernel_clock);
    ~StampReflector() override;
    StampReflector(const StampReflector&) = delete;
    StampReflector& operator=(const StampReflector&) = delete;
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

    // That is bound first; 0: none.
    [[nodiscard]] std::uint16_t port() const { return ports_.empty() ? 0 : ports_.front(); }

private:
    Status listen(const std::string& where);
    void take(std::size_t socket, const probes::Packet& packet);
    Reflection reflect(std::size_t socket, const probes::Packet& packet);
    Reflection judge(const probes::Packet& packet);
    std::uint16_t error_field();
    [[nodiscard]] probes::StampMode mode() const;

    std::function<KernelClock()> own_clock_;
    ReflectorSettings settings_;
    std::vector<Network> networks_;
    Host* host_ = nullptr;
    std::string key_;
    std::optional<ReflectorRate> rate_;
    std::optional<ReflectorSessions> sessions_;
    std::optional<ReflectorTally> tally_;
    std::vector<std::unique_ptr<probes::PacketSocket>> sockets_;
    std::vector<std::uint16_t> ports_;
    std::vector<ReflectorLag> lags_;
    std::uint16_t error_field_ = 0;
    std::optional<SteadyTime> clock_asked_;
};

}  // namespace cxedge::plugins
