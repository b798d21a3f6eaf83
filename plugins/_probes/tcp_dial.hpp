// SPDX-License-Identifier: Apache-2.0
// A TCP connection to a host of a name or address, with the time of each step: the name is looked
// up, then one address after the other is tried until one answers. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

#include "plugins/_probes/probe.hpp"

namespace cxedge::probes {

struct DialRequest {
    std::string host;  // a name, or an address in digits
    std::uint16_t port = 0;
    Family family = Family::any;
    bool every_address = true;  // false: the first one only
    // Of everything; an address that does not answer has its even share of what is left.
    std::chrono::milliseconds timeout{5'000};
};

struct Dialled {
    ProbeResult result = ProbeResult::ok;  // else that of the first address
    std::string step;                      // "dns", "connect"; empty: it is connected
    std::string detail;                    // for a person, where it is not
    UniqueFd fd;
    SocketAddress address;             // connected, or the first that was tried
    bool addressed = false;            // there is such an address
    std::optional<double> resolve_s;   // nothing: digits, or no answer
    std::optional<double> connect_s;   // from SYN sent to writable, of the address that answered
    std::vector<std::string> skipped;  // addresses that failed before: "2001:db8::1: no route"
};

// IP packets without payload, with TCP's usual options: a SYN and its answer (IPv4 60 bytes, IPv6
// 80), and what each packet of a stream has in front (52 and 72; RFC 9293, RFC 7323).
std::uint64_t tcp_handshake_packet(const SocketAddress& to);
std::uint64_t tcp_plain_packet(const SocketAddress& to);

// Whether it is an address in digits, so that nothing is looked up.
bool is_numeric(const std::string& host);
// "4" or "6": dimension `af`.
std::string family_text(const SocketAddress& address);

class TcpDial {
public:
    using Done = std::function<void(Dialled)>;

    // Begins at once; `done` comes once, from the loop, never from within this; there the object
    // may be destroyed. Packets, and those that will close the connection, are spent on the
    // context's meter: over its limit the result is `capped`.
    TcpDial(const ProbeContext& context, DialRequest request, Done done);
    TcpDial(const TcpDial&) = delete;
    TcpDial& operator=(const TcpDial&) = delete;
    ~TcpDial() = default;

private:
    void look_up();
    void take(const Result<Resolver::Found>& found);
    void next();
    void knock(const SocketAddress& to);
    void answered();
    void failed(int error);
    void skip(ProbeResult result, const std::string& why);
    void connected();
    void end(ProbeResult result, const std::string& step, const std::string& detail);
    [[nodiscard]] std::chrono::milliseconds left() const;
    [[nodiscard]] bool spend_repeats();

    const ProbeContext& context_;
    DialRequest request_;
    Done done_;
    Dialled dialled_;
    std::int64_t deadline_ns_ = 0;
    std::int64_t knocked_ns_ = 0;
    std::vector<SocketAddress> addresses_;
    std::size_t at_ = 0;
    std::optional<ProbeResult> first_result_;
    UniqueFd fd_;
    Resolver::QuestionPtr question_;
    LoopHandle timer_;
    LoopHandle writable_;
};

}  // namespace cxedge::probes
