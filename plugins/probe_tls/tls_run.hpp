// SPDX-License-Identifier: Apache-2.0
// One TLS handshake. Thread: the loop's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/byte_stream.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/_probes/probe_settings.hpp"
#include "plugins/_probes/tcp_dial.hpp"
#include "plugins/_probes/tls_session.hpp"

namespace cxedge::plugins {

struct TlsSettings : probes::ProbeSettings {
    TlsSettings() { interval = std::chrono::minutes(5); }

    std::string ca_file;
    std::string tls_name;
    std::string min_version = "1.2";
    std::vector<std::string> alpn;
    bool every_address = true;
};

class TlsRun final : public probes::ProbeRun {
public:
    // All of them outlive the run. Losses of a run that fails belong to the version that the target
    // spoke last (empty: unknown); it learns from the run.
    struct Parts {
        const TlsSettings& settings;
        const probes::TlsTrust& trust;
        const probes::ProbeContext& context;
        std::string& last_version;
    };

    TlsRun(const Parts& parts, const probes::Target& target);
    TlsRun(const TlsRun&) = delete;
    TlsRun& operator=(const TlsRun&) = delete;
    ~TlsRun() override = default;

    void begin(Done done) override;

private:
    void take(probes::Dialled dialled);
    void hear(std::string_view bytes);
    void hung_up(int error);
    void go_on();
    void shake_hands_done();
    void time_is_up();
    void fail(probes::ProbeResult result, const std::string& step, const std::string& detail);
    void finish();
    void tell_peer();
    [[nodiscard]] std::vector<probes::Figure> figures() const;

    Parts parts_;
    HostPort where_;
    Done done_;
    probes::Finding finding_;
    probes::Dialled dialled_;
    std::int64_t begun_ns_ = 0;
    std::int64_t connected_ns_ = 0;
    std::optional<double> handshake_s_;
    std::optional<probes::TlsPeer> peer_;
    std::optional<probes::TcpDial> dial_;
    std::optional<probes::ByteStream> stream_;
    std::optional<probes::TlsSession> session_;
    LoopHandle deadline_;
};

}  // namespace cxedge::plugins
