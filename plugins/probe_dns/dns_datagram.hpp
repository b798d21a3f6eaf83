// SPDX-License-Identifier: Apache-2.0
// One question over UDP, from a port of its own. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "agent/base/socket_address.hpp"
#include "agent/base/unique_fd.hpp"

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_dns/dns_reply.hpp"

namespace cxedge::plugins {

class DnsDatagram {
public:
    struct Way {
        SocketAddress server;
        unsigned tries = 1;  // the time is divided among them
        std::chrono::milliseconds timeout{5'000};
    };
    using Done = std::function<void(DnsReply)>;

    // Begins at once; `done` comes once, from the loop, never from within this; there the object
    // may be destroyed. A truncated answer is an answer.
    DnsDatagram(
        const probes::ProbeContext& context, const Way& way, DnsQuestion question, Done done
    );
    DnsDatagram(const DnsDatagram&) = delete;
    DnsDatagram& operator=(const DnsDatagram&) = delete;
    ~DnsDatagram() = default;

private:
    void open();
    void send();
    void on_readable();
    void take(std::string_view bytes, std::int64_t now_ns);
    void try_is_over();
    void failed(int error);
    void end(DnsReply reply);

    const probes::ProbeContext& context_;
    Way way_;
    DnsQuestion question_;
    Done done_;
    UniqueFd fd_;
    std::int64_t first_sent_ns_ = 0;
    unsigned sent_ = 0;
    unsigned strangers_ = 0;
    LoopHandle readable_;
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
