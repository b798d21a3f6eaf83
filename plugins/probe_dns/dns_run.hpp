// SPDX-License-Identifier: Apache-2.0
// All questions of a run to one name server. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_dns/dns_datagram.hpp"
#include "plugins/probe_dns/dns_finding.hpp"
#include "plugins/probe_dns/dns_settings.hpp"
#include "plugins/probe_dns/dns_stream.hpp"
#include "plugins/probe_dns/name_server.hpp"

namespace cxedge::plugins {

class DnsRun final : public probes::ProbeRun {
public:
    // All outlive the run; `trust` is for transport dot.
    DnsRun(
        const DnsSettings& settings,
        const probes::TlsTrust* trust,
        const probes::Target& target,
        const probes::ProbeContext& context
    );
    DnsRun(const DnsRun&) = delete;
    DnsRun& operator=(const DnsRun&) = delete;
    ~DnsRun() override = default;

    void begin(Done done) override;

private:
    void make_questions();
    void add_question(const std::string& name, DnsType type, bool of_nothing);
    void ask_by_stream();
    void ask_by_datagrams(const Result<probes::Resolver::Found>& found);
    void take_datagram(std::size_t number, DnsReply reply);
    void ask_again(std::size_t number, const DnsReply& truncated);
    void take_stream(DnsStreamReport report);
    void settle(std::size_t number, DnsReply reply);
    void fail_all(const DnsReply& reply);
    void finish();
    [[nodiscard]] DnsStreamWay stream_way() const;
    [[nodiscard]] std::chrono::milliseconds left() const;

    const DnsSettings& settings_;
    const probes::TlsTrust* trust_;
    const probes::ProbeContext& context_;
    std::string target_;
    Done done_;
    NameServer server_;
    std::int64_t begun_ns_ = 0;
    DnsAccount account_;
    std::size_t open_ = 0;
    SocketAddress address_;
    probes::Resolver::QuestionPtr look_up_;
    LoopHandle later_;
    std::vector<std::unique_ptr<DnsDatagram>> datagrams_;  // by question
    std::vector<std::unique_ptr<DnsStream>> streams_;
};

}  // namespace cxedge::plugins
