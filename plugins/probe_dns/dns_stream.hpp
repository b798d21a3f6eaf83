// SPDX-License-Identifier: Apache-2.0
// Questions over one connection, TCP (RFC 7766: all sent at once, answered in any order) or TLS
// (RFC 7858). Thread: the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/byte_stream.hpp"
#include "plugins/_probes/tcp_dial.hpp"
#include "plugins/_probes/tls_session.hpp"
#include "plugins/probe_dns/dns_reply.hpp"

namespace cxedge::plugins {

struct DnsStreamWay {
    std::string host;
    std::uint16_t port = 0;
    probes::Family family = probes::Family::any;
    const probes::TlsTrust* trust = nullptr;  // null: without TLS; outlives the stream
    std::string tls_name;
    std::chrono::milliseconds timeout{5'000};
};

struct DnsStreamReport {
    std::vector<DnsReply> replies;  // one a question, in their order
    std::optional<double> connect_s;
    std::optional<double> handshake_s;
    std::optional<probes::TlsPeer> peer;
    std::string address;  // of the server; empty: none known
};

class DnsStream {
public:
    using Done = std::function<void(DnsStreamReport)>;

    // Begins at once; `done` comes once, from the loop, never from within this; there the object
    // may be destroyed. No question is sent to a server whose certificate is wrong.
    DnsStream(
        const probes::ProbeContext& context,
        DnsStreamWay way,
        std::vector<DnsQuestion> questions,
        Done done
    );
    DnsStream(const DnsStream&) = delete;
    DnsStream& operator=(const DnsStream&) = delete;
    ~DnsStream() = default;

private:
    void take(probes::Dialled dialled);
    void shake_hands();
    void encrypted();
    void ask();
    void hear(std::string_view bytes);
    void hear_plain(std::string_view bytes);
    void hear_encrypted();
    void take_messages();
    void take_message(const std::string& message);
    void hung_up(int error);
    void time_is_up();
    // For all that have none yet.
    void reply_rest(const DnsReply& reply);
    void end();

    const probes::ProbeContext& context_;
    DnsStreamWay way_;
    std::vector<DnsQuestion> questions_;
    Done done_;
    DnsStreamReport report_;
    std::vector<bool> answered_;
    std::size_t open_;
    unsigned strangers_ = 0;
    std::int64_t begun_ns_;
    std::int64_t connected_ns_ = 0;
    std::int64_t asked_ns_ = 0;
    DnsFramer framer_;
    std::optional<probes::TcpDial> dial_;
    std::optional<probes::ByteStream> stream_;
    std::optional<probes::TlsSession> session_;
    LoopHandle deadline_;
};

}  // namespace cxedge::plugins
