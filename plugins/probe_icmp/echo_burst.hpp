// SPDX-License-Identifier: Apache-2.0
// A burst of echo requests to one target, and what came of it. Thread: the loop's.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_icmp/echo_finding.hpp"
#include "plugins/probe_icmp/echo_sockets.hpp"
#include "plugins/probe_icmp/echo_tally.hpp"
#include "plugins/probe_icmp/icmp_settings.hpp"

namespace cxedge::plugins {

class EchoBurst final : public probes::ProbeRun, private EchoListener {
public:
    // All of these outlive it. `family`: that of the target's last burst, AF_UNSPEC: none yet.
    EchoBurst(
        const IcmpSettings& settings,
        std::string address,
        std::shared_ptr<EchoSockets> sockets,
        const probes::ProbeContext& context,
        int& family
    );
    void begin(Done done) override;

private:
    void take_name(const Result<probes::Resolver::Found>& found);
    void start();
    void take_turn();
    void send_one();
    [[nodiscard]] bool may_send() const;
    [[nodiscard]] std::chrono::milliseconds gap() const;
    // For the reply to the last packet.
    [[nodiscard]] std::chrono::milliseconds wait_left() const;

    void on_reply(std::size_t number, const probes::Packet& packet, const CallTime& at) override;
    void on_sent(std::size_t number, std::int64_t stamp_ns) override;
    void on_error(std::size_t number, const probes::PacketError& error) override;

    [[nodiscard]] bool spend(std::size_t message);
    void leave_out_rest();
    void fail(std::size_t number, EchoTrouble trouble);
    void end_if_settled();
    void end();

    const IcmpSettings& settings_;
    const std::string address_;
    const std::shared_ptr<EchoSockets> sockets_;
    const probes::ProbeContext& context_;
    int& family_;
    Done done_;
    SteadyTime started_{};
    SteadyTime last_sent_{};
    probes::Resolver::QuestionPtr question_;
    SocketAddress to_;
    std::string to_text_;
    std::optional<EchoAccess> access_;
    std::optional<EchoLane> lane_;
    std::vector<EchoSlot> slots_;
    std::size_t next_ = 0;    // slot to send
    std::size_t open_ = 0;    // sent, not settled
    std::size_t beyond_ = 0;  // behind the latest slot that was answered (RFC 4737: NextExp)
    int ttl_ = -1;            // of the last reply
    bool capped_ = false;
    std::optional<EchoTrouble> trouble_;  // the first
    LoopHandle timer_;                    // the next packet, or the end
};

}  // namespace cxedge::plugins
