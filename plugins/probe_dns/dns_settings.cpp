// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_settings.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "agent/model/series.hpp"

#include "plugins/probe_dns/dns_message.hpp"
#include "plugins/probe_dns/name_server.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostQueries = 32;

std::string check_zone(const std::string& name) {
    return name.empty() ? "" : check_dns_name(name);
}

class DnsChecks {
public:
    DnsChecks(const SettingsNode& node, SettingsProblems& problems)
        : node_(node), problems_(problems) {}

    void queries(const DnsSettings& settings) {
        std::set<std::string> seen;
        for (const std::string& name : settings.queries) {
            const bool reverse = settings.qtype == "PTR" && dns_reverse_name(name);
            std::string wrong = reverse ? std::string() : check_dns_name(name);
            wrong = name.size() > kMaxDimensionLength ? "is too long for a dimension" : wrong;
            complain("queries", wrong.empty() ? wrong : fmt::format("\"{}\" {}", name, wrong));
            const bool twice = !seen.insert(name).second;
            complain("queries", twice ? fmt::format("\"{}\" is there twice", name) : "");
        }
        const std::size_t count = settings.queries.size();
        const bool few = count > 0 && count <= kMostQueries;
        complain("queries", few ? "" : "must be 1 to 32 names");
    }

    void rcodes(const std::vector<std::string>& rcodes) {
        const auto& known = dns_rcode_names();
        for (const std::string& each : rcodes) {
            const bool good = std::find(known.begin(), known.end(), each) != known.end();
            complain("rcodes", good ? "" : "\"" + each + "\" is no such word as NOERROR, NXDOMAIN");
        }
        complain("rcodes", rcodes.empty() ? "must be at least one" : "");
    }

    void only_for(const char* key, bool right_transport, const char* transport) {
        if (node_.find(key) != nullptr && !right_transport) {
            complain(key, std::string("is for transport ") + transport);
        }
    }

    void complain(const char* key, const std::string& wrong) {
        if (wrong.empty()) {
            return;
        }
        const SettingsNode* const there = node_.find(key);
        problems_.add(there == nullptr ? node_.position : there->position, key, wrong);
    }

private:
    const SettingsNode& node_;
    SettingsProblems& problems_;
};

}  // namespace

Schema<DnsSettings> dns_schema() {
    using Settings = DnsSettings;
    Schema<Settings> schema;
    probes::add_probe_keys(schema);
    schema.text_or_texts("queries", &Settings::queries, "Names to ask for; all in one run");
    schema.text("qtype", &Settings::qtype, "Type of record to ask for").one_of(dns_type_names());
    schema.text("transport", &Settings::transport, "udp, tcp or dot (DNS over TLS)")
        .one_of({"udp", "tcp", "dot"});
    schema.integer("tries", &Settings::tries, "udp: a question is sent at most so often")
        .range(1, 10);
    schema.texts("rcodes", &Settings::rcodes, "What the server may answer");
    schema.texts("expect", &Settings::expect, "The only records that may come; empty: any");
    schema.boolean(
        "hijack_check",
        &Settings::hijack_check,
        "Also ask for a name that does not exist, and expect to be told so"
    );
    schema
        .text(
            "hijack_zone",
            &Settings::hijack_zone,
            "And for one in this zone, as some servers know .invalid"
        )
        .check(check_zone);
    schema.boolean(
        "random_case",
        &Settings::random_case,
        "Large and small letters at random, which who forges answers must guess"
    );
    schema.boolean("recursion", &Settings::recursion, "The server shall ask others if it must");
    schema.boolean("edns", &Settings::edns, "Offer datagrams of 1,232 bytes (EDNS0)");
    schema.text(
        "ca_file", &Settings::ca_file, "dot: PEM certificates to trust; empty: the system's"
    );
    schema.text(
        "tls_name", &Settings::tls_name, "dot: name in the certificate; empty: the target's"
    );
    return schema;
}

void check_dns_settings(
    const DnsSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    DnsChecks checks(node, problems);
    checks.queries(settings);
    checks.rcodes(settings.rcodes);
    checks.only_for("tries", settings.transport == "udp", "udp");
    checks.only_for("ca_file", settings.transport == "dot", "dot");
    checks.only_for("tls_name", settings.transport == "dot", "dot");
    if (!settings.hijack_zone.empty() && !settings.hijack_check) {
        checks.complain("hijack_zone", "needs hijack_check = true");
    }
}

}  // namespace cxedge::plugins
