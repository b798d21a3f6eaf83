// SPDX-License-Identifier: Apache-2.0
// One TCP connection, opened and closed again. Thread: the loop's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/_probes/byte_stream.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/_probes/probe_settings.hpp"
#include "plugins/_probes/tcp_dial.hpp"

namespace cxedge::plugins {

struct TcpSettings : probes::ProbeSettings {
    std::int64_t port = 0;  // of targets that name none
    std::string expect;
    bool every_address = true;
};

class TcpRun final : public probes::ProbeRun {
public:
    // `last_family` ("4", "6"; empty: unknown) outlives the run, and learns from it.
    TcpRun(
        const TcpSettings& settings,
        const probes::Target& target,
        const probes::ProbeContext& context,
        std::string& last_family
    );
    TcpRun(const TcpRun&) = delete;
    TcpRun& operator=(const TcpRun&) = delete;
    ~TcpRun() override = default;

    void begin(Done done) override;

private:
    void take(probes::Dialled dialled);
    void hear(std::string_view bytes);
    void hung_up(int error);
    void time_is_up();
    void mismatch();
    void fail(probes::ProbeResult result, const std::string& step, const std::string& detail);
    void finish();
    [[nodiscard]] std::vector<probes::Figure> figures() const;

    const TcpSettings& settings_;
    const probes::ProbeContext& context_;
    std::string& last_family_;
    HostPort where_;
    Done done_;
    probes::Finding finding_;
    probes::Dialled dialled_;
    std::string heard_;
    std::int64_t begun_ns_ = 0;
    std::int64_t connected_ns_ = 0;
    std::optional<double> greeting_s_;
    std::optional<probes::TcpDial> dial_;
    std::optional<probes::ByteStream> stream_;
    LoopHandle deadline_;
};

}  // namespace cxedge::plugins
