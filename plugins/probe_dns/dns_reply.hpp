// SPDX-License-Identifier: Apache-2.0
// What became of one question. Plain values.
#pragma once

#include <optional>
#include <string>

#include "plugins/_probes/result.hpp"
#include "plugins/probe_dns/dns_message.hpp"

namespace cxedge::plugins {

struct DnsReply {
    std::optional<DnsMessage> message;
    // From the question's first bytes sent to the answer; without connecting.
    double took_s = 0;
    // Without a message: why.
    probes::ProbeResult result = probes::ProbeResult::timeout;
    std::string step = "server";
    std::string detail;
    unsigned repeats = 0;    // questions sent again
    unsigned strangers = 0;  // answers that were not to this question
};

DnsReply no_dns_reply(probes::ProbeResult result, std::string step, std::string detail);

}  // namespace cxedge::plugins
