// SPDX-License-Identifier: Apache-2.0
// What a run says of the replies it got. Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_dns/dns_settings.hpp"
#include "plugins/probe_dns/dns_stream.hpp"
#include "plugins/probe_dns/dns_verdict.hpp"

namespace cxedge::plugins {

struct DnsCase {
    std::string name;         // as in the settings
    DnsQuestion question;     // as asked
    bool of_nothing = false;  // the name does not exist: the hijack check
    bool truncated = false;   // so it was asked again over TCP
    DnsReply reply;
};

struct DnsAccount {
    std::vector<DnsCase> cases;
    DnsStreamReport stream;  // its replies are in the cases
};

probes::Finding dns_finding(const DnsSettings& settings, const DnsAccount& account);

}  // namespace cxedge::plugins
