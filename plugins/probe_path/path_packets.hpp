// SPDX-License-Identifier: Apache-2.0
// Packets of a paris traceroute, to the byte: what routers that share load over several ways look
// at (addresses, protocol, the first four bytes behind the IP header) is the same in all of them;
// the number of a probe is where they do not look. And the same packets as they come back, quoted
// in ICMP errors or answered. Pure; reads bytes of strangers. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {

enum class PathMethod : std::uint8_t { udp, icmp, tcp };
// "udp", "icmp", "tcp", as in settings.
PathMethod path_method_of(std::string_view setting);

// What is the same in all probes of a trace.
struct PathFlow {
    PathMethod method = PathMethod::udp;
    SocketAddress from;        // TCP only: its checksum covers it
    SocketAddress to;          // with the port
    std::uint16_t source = 0;  // port, or id of ICMP echoes
    std::uint32_t nonce = 0;   // of one run: answers to an earlier one are nobody's
};

// Bytes behind the IP header that a probe has at least (of TCP it has no more), and those of the IP
// header.
std::size_t shortest_probe(PathMethod method);
std::size_t ip_header_bytes(bool v6);

// What is handed to the socket for probe `number`: of UDP the payload, of ICMP and TCP with header.
// `bytes`: the size behind the IP header, shortest_probe() at least.
std::string make_path_probe(const PathFlow& flow, std::uint16_t number, std::size_t bytes);

// Whose packet an error quotes, or an answer belongs to.
struct ProbeMatch {
    enum class Whose : std::uint8_t {
        foreign,    // not of this flow
        anonymous,  // of this flow perhaps, but too little of it is quoted to say which
        ours,
    };
    Whose whose = Whose::foreign;
    std::uint16_t number = 0;  // of `ours`
};

// `quoted`: as PacketError::sent_bytes has it: of UDP the payload, else from the header on.
ProbeMatch match_quoted(const PathFlow& flow, std::string_view quoted);
// `bytes` behind the IP header: an echo reply, a SYN ACK or RST; of UDP whatever the target says.
ProbeMatch match_answer(const PathFlow& flow, std::string_view bytes);

// What an ICMP error means for the trace.
enum class PathWord : std::uint8_t {
    hop,       // hop limit exceeded in transit: a router on the way
    reached,   // the target answered
    no_route,  // a router knows no way, or the last one finds nobody
    refused,   // somebody does not let it pass
    too_big,   // and would have had to be cut
    other,     // says nothing about the way
};
// Types and codes: RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1, RFC 4443 3.
PathWord path_word(bool v6, std::uint8_t type, std::uint8_t code, bool from_target);

// "!H" and the like, as traceroute writes them; empty for hop and reached.
std::string path_mark(PathWord word);

// RFC 1071, of the sum so far; `bytes` odd: as if a zero followed.
std::uint16_t internet_checksum(std::string_view bytes, std::uint32_t sum = 0);

}  // namespace cxedge::plugins
