// SPDX-License-Identifier: Apache-2.0
// Resource records of a DNS message as text. Thread: any.
#pragma once

#include "plugins/probe_dns/dns_message.hpp"
#include "plugins/probe_dns/wire_reader.hpp"

namespace cxedge::plugins {

// As it lies in the message.
struct RawRecord {
    std::string owner;
    std::uint16_t type = 0;
    std::uint16_t record_class = 0;
    std::uint32_t ttl = 0;
    std::size_t begin = 0;  // of its data
    std::size_t size = 0;
};
// The reader is behind it then.
RawRecord read_record(WireReader& wire);
// What it says; data that is not of its type makes the reader bad. The reader stays where it is.
DnsRecord explained(WireReader& wire, const RawRecord& raw);

}  // namespace cxedge::plugins
