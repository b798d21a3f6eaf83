// SPDX-License-Identifier: Apache-2.0
// A stream to or from an ndt7 server (M-Lab's ndt7-protocol specification): binary WebSocket
// messages as fast as they go. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "plugins/_probes/budget.hpp"
#include "plugins/_probes/tcp_dial.hpp"
#include "plugins/_probes/tls_session.hpp"
#include "plugins/probe_throughput/flow.hpp"
#include "plugins/probe_throughput/throughput_settings.hpp"
#include "plugins/probe_throughput/websocket.hpp"

namespace cxedge::plugins::throughput {

struct Ndt7Plan {
    std::string host;
    std::uint16_t port = 0;
    bool secure = true;
    Way way = Way::down;
};

class Ndt7Flow final : public Flow {
public:
    Ndt7Flow(
        Ndt7Plan plan,
        const ThroughputSettings& settings,
        const probes::ProbeContext& context,
        Events events
    );
    void begin() override;
    [[nodiscard]] std::uint64_t moved() const override;
    [[nodiscard]] std::uint32_t retransmits() const override;
    [[nodiscard]] double round_trip_s() const override;
    [[nodiscard]] std::optional<std::uint64_t> arrived() const override;
    [[nodiscard]] std::string address() const override { return address_; }

private:
    void dialled(probes::Dialled dialled);
    void begin_tls();
    void begin_upgrade();
    void on_readable();
    void on_writable();
    bool take_cipher(std::string_view bytes);
    bool take_plain(std::string_view bytes);
    bool take_upgrade(std::string_view bytes);
    void on_control(WsOpcode opcode, std::string_view payload);
    void send(std::string_view plain);
    bool push();
    void await_room();
    [[nodiscard]] bool has_more() const;
    void load_more();
    [[nodiscard]] std::string next_message();
    bool settle();
    void hold_back();
    [[nodiscard]] std::string step() const;
    void server_ended();
    void broken(int error);
    void end(FlowEnd how);

    Ndt7Plan plan_;
    const ThroughputSettings& settings_;
    const probes::ProbeContext& context_;
    Events events_;
    std::optional<probes::TcpDial> dial_;
    UniqueFd fd_;
    std::string address_;
    std::optional<probes::TlsTrust> trust_;
    std::optional<probes::TlsSession> tls_;
    bool tls_open_ = false;
    std::string key_;
    std::string head_;  // of the answer to the upgrade, as it comes
    bool open_ = false;
    bool over_ = false;
    FrameReader reader_;
    std::string unsent_;
    std::string noise_;
    std::uint64_t came_ = 0;             // payload
    std::uint64_t queued_ = 0;           // payload in `unsent_`, or with the kernel
    std::uint64_t spent_ = 0;            // bytes of the stream, both ways
    std::optional<std::uint64_t> left_;  // of the budget, when that was asked
    std::uint64_t spent_then_ = 0;
    bool limited_ = true;
    LoopHandle readable_;
    LoopHandle writable_;
    LoopHandle limit_;  // of all behind the dial
};

// "wss://host:port"; nothing: not an address of ndt7.
std::optional<Ndt7Plan> ndt7_plan(const std::string& address, Way way);

}  // namespace cxedge::plugins::throughput
