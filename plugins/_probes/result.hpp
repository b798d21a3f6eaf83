// SPDX-License-Identifier: Apache-2.0
// How a test of the network ended: the same words in every probe, as metric `probe.result`, in
// dimensions `result` and on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::probes {

// The order is that of the states of `probe.result`: only ever add at the end.
enum class ProbeResult : std::uint8_t {
    ok,
    dns_error,      // the target's name has no address, or nobody answers for it
    no_route,       // the kernel or a router says that it cannot be reached from here
    refused,        // it is there and does not want: RST, ICMP port unreachable
    timeout,        // no answer, or not all of it, in time
    tls_error,      // handshake or verification failed, for other reasons than age
    cert_expired,   // a certificate of its chain is out of date, or not valid yet
    bad_status,     // it answered, with an error of its protocol (HTTP 5xx, SERVFAIL)
    body_mismatch,  // it answered with something else: a captive portal, a forged address
    capped,         // the budget of bytes or packets ended it, or did not let it begin
    suppressed,     // not run on purpose: quiet hours, stop order
    no_permission,  // this process may not open the socket that the test needs, or a firewall says
                    // so
};

std::string_view to_string(ProbeResult result);
// All of them, in order.
const std::vector<std::string>& result_words();

// Of connect(2) or of sending: ENETUNREACH, EHOSTUNREACH, ... (EINVAL: a blackhole route, EACCES:
// one that prohibits, or broadcast) -> no_route; ECONNREFUSED, ECONNRESET -> refused; EPERM (a
// firewall of this box) -> no_permission; everything else -> timeout.
ProbeResult result_of_errno(int errno_value);
// Of socket(2), and of binding it to an interface: there EACCES -> no_permission, too.
ProbeResult result_of_socket(int errno_value);
// Why, for people. The same in all probes.
std::string words_of_errno(int errno_value);
// "this box cannot send to 192.0.2.1: ..."
std::string words_of_sending(std::string_view to, int errno_value);
std::string words_of_socket(int errno_value, const std::string& interface);

}  // namespace cxedge::probes
