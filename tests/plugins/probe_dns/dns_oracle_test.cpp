// SPDX-License-Identifier: Apache-2.0
// The probe beside dig and kdig, before the same server.
#include <algorithm>
#include <cstdio>
#include <regex>

#include "tests/plugins/probe_dns/dns_bench.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/impaired_link.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;

bool installed(const char* program) {
    const bool there = run({"/usr/bin/which", program}).status == 0;
    if (!there) {
        std::printf("skipped: needs %s\n", program);
    }
    return there;
}

struct OracleAnswer {
    std::string rcode;
    std::vector<std::string> records;
    double took_ms = -1;
};

std::string normal(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    text = std::regex_replace(text, std::regex("\\.( |$)"), "$1");
    text = std::regex_replace(text, std::regex("\"\\s+\""), "");  // pieces of a text
    return std::regex_replace(text, std::regex("\""), "");
}

std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
}

// What both programs print: status, and records as "name TTL IN type data".
OracleAnswer ask_oracle(std::vector<std::string> command, const std::string& type) {
    const Finished finished = run(command);
    INFO(finished.output);
    OracleAnswer answer;
    std::smatch found;
    if (std::regex_search(finished.output, found, std::regex("status: ([A-Z]+)"))) {
        answer.rcode = found[1];
    }
    const std::regex record("\\tIN\\t" + type + "\\t([^\\n]+)");
    for (std::sregex_iterator each(finished.output.begin(), finished.output.end(), record), end;
         each != end;
         ++each) {
        answer.records.push_back(normal((*each)[1]));
    }
    if (std::regex_search(
            finished.output, found, std::regex("(?:Query time: |in )([0-9.]+) (?:msec|ms)")
        )) {
        answer.took_ms = std::stod(found[1]);
    }
    return answer;
}

std::vector<std::string> records_of(const Finding& finding, const std::string& question) {
    const std::string text = fact(finding, question);
    const std::size_t begin = text.find('[') + 1;
    std::vector<std::string> records;
    std::string rest = text.substr(begin, text.find("] in ") - begin);
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(", "), rest.size());
        records.push_back(rest.substr(0, comma));
        rest.erase(0, comma + 2);
    }
    return records;
}

std::string rcode_of(const Finding& finding) {
    const probes::Figure& rcode = figure(finding, "net.dns.rcode");
    return rcode.info.states.at(static_cast<std::size_t>(rcode.values.at(0)));
}

double took_ms(const Finding& finding) {
    for (const probes::Figure& each : finding.figures) {
        if (each.info.key.metric == "net.dns.duration" && !each.values.empty()) {
            return each.values.front() * 1'000;
        }
    }
    return -1;
}

struct Asked {
    std::string name;
    std::string type;
};

const std::vector<Asked>& questions() {
    static const std::vector<Asked> kAll{
        {"www.test", "A"},
        {"www.test", "AAAA"},
        {"www.test", "MX"},
        {"www.test", "NS"},
        {"www.test", "SOA"},
        {"www.test", "TXT"},
        {"alias.test", "A"},
        {"empty.test", "A"},
        {"nxdomain.test", "A"},
        {"servfail.test", "A"},
        {"refused.test", "A"},
        {"truncated.test", "A"}};
    return kAll;
}

Finding ask_ours(const std::string& at, const Asked& asked, const std::string& more = {}) {
    DnsLab lab(dns_settings(asked.name, "qtype = \"" + asked.type + "\"\n" + more));
    return lab.run(at);
}

void compare(const Finding& ours, const OracleAnswer& theirs, const Asked& asked) {
    CHECK(rcode_of(ours) == theirs.rcode);
    CHECK(sorted(records_of(ours, asked.name + " " + asked.type)) == sorted(theirs.records));
    std::printf(
        "%-16s %-5s %-9s %zu record(s): ours %.3f ms, theirs %.3f ms\n",
        asked.name.c_str(),
        asked.type.c_str(),
        theirs.rcode.c_str(),
        theirs.records.size(),
        took_ms(ours),
        theirs.took_ms
    );
}

}  // namespace

TEST_CASE("probe_dns: dig reads the same from the same server", "[plugins]") {
    if (!installed("dig")) {
        return;
    }
    const DnsServer server;
    for (const Asked& asked : questions()) {
        INFO(asked.name << " " << asked.type);
        const OracleAnswer theirs = ask_oracle(
            {"dig", "@127.0.0.1", "-p", server.port(), "+tries=1", asked.name, asked.type},
            asked.type
        );
        compare(ask_ours(server.at(), asked), theirs, asked);
    }
}

TEST_CASE("probe_dns: kdig reads the same over UDP, TCP and TLS", "[plugins]") {
    if (!installed("kdig") || !TestCa::available()) {
        return;
    }
    const Certificates certificates;
    const CertificateFiles files = certificates.issue("dns", "IP:127.0.0.1,DNS:dns.test");
    const DnsServer server({"--certificate", files.certificate, "--key", files.key});
    const std::string& root = certificates.root().certificate;
    struct Way {
        std::string port;
        std::vector<std::string> theirs;
        std::string ours;
    };
    const std::vector<Way> ways{
        {server.port(), {}, ""},
        {server.port(), {"+tcp"}, "transport = \"tcp\"\n"},
        {server.dot_port(),
         {"+tls-ca=" + root, "+tls-hostname=dns.test"},
         "transport = \"dot\"\ntls_name = \"dns.test\"\nca_file = \"" + root + "\"\n"}};
    for (const Way& way : ways) {
        for (const Asked& asked : questions()) {
            INFO(asked.name << " " << asked.type << " " << way.ours);
            std::vector<std::string> command{"kdig", "@127.0.0.1", "-p", way.port, "+retry=0"};
            command.insert(command.end(), way.theirs.begin(), way.theirs.end());
            command.insert(command.end(), {asked.name, asked.type});
            const OracleAnswer theirs = ask_oracle(command, asked.type);
            compare(ask_ours("127.0.0.1:" + way.port, asked, way.ours), theirs, asked);
        }
    }
}

TEST_CASE("probe_dns: the time is that of the server, as kdig has it", "[plugins]") {
    if (!installed("kdig")) {
        return;
    }
    const DnsServer server;
    const Asked asked{"slow200.test", "A"};
    const OracleAnswer theirs =
        ask_oracle({"kdig", "@127.0.0.1", "-p", server.port(), asked.name}, asked.type);
    const double ours = took_ms(ask_ours(server.at(), asked));
    std::printf(
        "a server that thinks for 200 ms: ours %.3f ms, kdig %.3f ms\n", ours, theirs.took_ms
    );
    CHECK(ours >= 200);
    CHECK(ours < 1'500);  // far above what a busy machine adds
    CHECK(theirs.took_ms >= 199);
}

TEST_CASE("probe_dns: lost packets are losses, as many as the line lost", "[plugins]") {
    if (!ImpairedLink::available()) {
        std::puts("skipped: needs root and /dev/net/tun");
        return;
    }
    const NetNamespace shop;
    const NetNamespace far;
    Impairment lossy;
    lossy.loss = 0.2;
    lossy.delay = std::chrono::milliseconds(2);
    const ImpairedLink link(shop, far, lossy, {});
    const DnsServer server(far, {"--address", link.ipv4(End::b)});
    const NetNamespace::Inside inside(shop);
    DnsLab lab(dns_settings("www.test", "timeout_s = 1\n"));
    constexpr int kRuns = 40;
    int lost = 0;
    for (int i = 0; i < kRuns; ++i) {
        const Finding finding = lab.run(link.ipv4(End::b) + ":" + server.port());
        lost += figure(finding, "net.dns.duration", "result=ok").values.empty() ? 1 : 0;
    }
    REQUIRE(link.await(Direction::a_to_b, kRuns, std::chrono::seconds(20)));
    const Truth truth = link.truth(Direction::a_to_b);
    std::printf(
        "of %d questions the line lost %d, and the probe says %d\n",
        kRuns,
        static_cast<int>(truth.dropped),
        lost
    );
    CHECK(truth.in == kRuns);
    CHECK(static_cast<int>(truth.dropped) == lost);
}

TEST_CASE("probe_dns: without routes, IPv6 or a name server the words are right", "[plugins]") {
    if (!NetNamespace::available()) {
        std::puts("skipped: needs root");
        return;
    }
    const NetNamespace shop;
    const DnsServer server(shop, {});
    const NetNamespace::Inside inside(shop);
    const auto word_of = [](const std::string& target, const std::string& more) {
        DnsLab lab(dns_settings("www.test", "timeout_s = 1\n" + more));
        const Finding finding = lab.run(target);
        INFO(target << " " << more << finding.detail);
        CHECK_FALSE(finding.step.empty());
        return std::string(to_string(finding.result));
    };
    for (const char* transport : {"udp", "tcp"}) {
        const std::string more = "transport = \"" + std::string(transport) + "\"\n";
        CHECK(word_of("192.0.2.1", more) == "no_route");
        CHECK(word_of("[2001:db8::1]:53", more) == "no_route");
        shop.ip({"route", "add", "prohibit", "198.51.100.0/24"});
        CHECK(word_of("198.51.100.1", more) == "no_route");
        shop.ip({"route", "del", "prohibit", "198.51.100.0/24"});
        CHECK(word_of("dns.example", more) == "dns_error");
    }
    CHECK(word_of("system", "") != "ok");  // whatever resolv.conf says, there is no way to it
    const DnsServer sixth(shop, {"--address", "::1"});
    DnsLab over_six(dns_settings("www.test"));
    CHECK(over_six.run("[::1]:" + sixth.port()).result == probes::ProbeResult::ok);
    CHECK(over_six.meter.used().bytes == 37 + 69 + 2 * 48);
    shop.sysctl("ipv6/conf/all/disable_ipv6", "1");
    CHECK(word_of("[::1]:53", "") == "no_route");
    DnsLab lab(dns_settings("www.test"));
    CHECK(lab.run(server.at()).result == probes::ProbeResult::ok);
}

TEST_CASE("probe_dns: a black hole ends in time", "[plugins]") {
    if (!ImpairedLink::available()) {
        std::puts("skipped: needs root and /dev/net/tun");
        return;
    }
    const NetNamespace shop;
    const NetNamespace far;
    Impairment hole;
    hole.black_hole = true;
    const ImpairedLink link(shop, far, hole, {});
    const NetNamespace::Inside inside(shop);
    for (const char* transport : {"udp", "tcp", "dot"}) {
        DnsLab lab(dns_settings(
            "www.test", "timeout_s = 0.8\ntransport = \"" + std::string(transport) + "\"\n"
        ));
        const SteadyTime begun = lab.clock.steady_now();
        const Finding finding = lab.run(link.ipv4(End::b));
        const double took = std::chrono::duration<double>(lab.clock.steady_now() - begun).count();
        INFO(transport << ": " << finding.detail);
        CHECK(finding.result == probes::ProbeResult::timeout);
        CHECK(took >= 0.7);
        CHECK(took < 20);
    }
}

}  // namespace cxedge::test
