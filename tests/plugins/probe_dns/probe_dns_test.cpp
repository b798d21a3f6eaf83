// SPDX-License-Identifier: Apache-2.0
// The probe before a real name server, true and not.
#include "plugins/probe_dns/probe_dns.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/probe_dns/dns_bench.hpp"
#include "tests/support/certificates.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;

std::string word(const Finding& finding) {
    return std::string(to_string(finding.result));
}

struct Expected {
    std::string name;  // whose first label says what the server does
    std::string result;
    std::string detail;  // part of it
};

void check_all(const DnsServer& server, const std::string& more, const std::vector<Expected>& all) {
    for (const Expected& each : all) {
        DnsLab lab(dns_settings(each.name, more));
        const Finding finding = lab.run(server.at());
        INFO(each.name << ": " << finding.detail);
        CHECK(word(finding) == each.result);
        CHECK(finding.detail.find(each.detail) != std::string::npos);
        CHECK(finding.step.empty() == (finding.result == ProbeResult::ok));
        // The slot of what should be, in whatever way it ended.
        const bool ok = finding.result == ProbeResult::ok;
        CHECK(figure(finding, "net.dns.duration", "result=ok").values.size() == (ok ? 1 : 0));
    }
}

}  // namespace

TEST_CASE("probe_dns: does what its cases say", "[plugins]") {
    check_plugin({"probe_dns", make_source<plugins::ProbeDns>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_dns: an answer is told with its time, rcode, records and TTL", "[plugins]") {
    const DnsServer server;
    DnsLab lab(dns_settings("www.test"));
    const Finding finding = lab.run(server.at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(only_value(finding, "net.dns.duration", "result=ok") > 0);
    CHECK(only_value(finding, "net.dns.duration", "name=www.test") < 60);
    CHECK(only_value(finding, "net.dns.rcode") == 0);
    CHECK(only_value(finding, "net.dns.answers") == 2);
    CHECK(only_value(finding, "net.dns.ttl") == 60);
    CHECK(only_value(finding, "net.dns.repeats") == 0);
    CHECK(fact(finding, "www.test A").starts_with("NOERROR aa ra [192.0.2.1, 192.0.2.2] in "));
    CHECK(fact(finding, "server") == "127.0.0.1");
}

TEST_CASE("probe_dns: all types of records are read", "[plugins]") {
    const DnsServer server;
    const std::vector<std::pair<std::string, std::string>> types{
        {"A", "192.0.2.1, 192.0.2.2"},
        {"AAAA", "2001:db8::1"},
        {"CNAME", "other.test"},
        {"MX", "10 mail.test"},
        {"NS", "ns1.test, ns2.www.test"},
        {"PTR", "host.test"},
        {"SOA", "ns1.test root.test 2026112201 7200 900 1209600 300"},
        {"TXT", "hello world"}};
    for (const auto& [type, text] : types) {
        DnsLab lab(dns_settings("www.test", "qtype = \"" + type + "\"\n"));
        const Finding finding = lab.run(server.at());
        INFO(type << ": " << finding.detail);
        CHECK(fact(finding, "www.test " + type).find("[" + text + "]") != std::string::npos);
        if (type == "SOA") {
            CHECK(only_value(finding, "net.dns.serial") == 2026112201);
        }
    }
}

TEST_CASE("probe_dns: an error of the server is bad_status, with its time", "[plugins]") {
    const DnsServer server;
    check_all(
        server,
        "",
        {{"servfail.test", "bad_status", "answers SERVFAIL"},
         {"refused.test", "bad_status", "answers REFUSED"},
         {"nxdomain.test", "bad_status", "answers NXDOMAIN"},
         {"formerr.test", "bad_status", "answers FORMERR"},
         {"empty.test", "ok", ""}}
    );
    DnsLab lab(dns_settings("servfail.test"));
    const Finding finding = lab.run(server.at());
    CHECK(only_value(finding, "net.dns.duration", "result=bad_status") > 0);
    CHECK(only_value(finding, "net.dns.rcode") == 2);
    CHECK(only_value(finding, "net.dns.answers") == 0);
    CHECK(figure(finding, "net.dns.ttl").values.empty());
    DnsLab wanted(dns_settings("nxdomain.test", "rcodes = [\"NXDOMAIN\"]\n"));
    CHECK(wanted.run(server.at()).result == ProbeResult::ok);
}

TEST_CASE("probe_dns: records that are not expected are body_mismatch", "[plugins]") {
    const DnsServer server;
    const std::string both = "expect = [\"192.0.2.2\", \"192.0.2.1\"]\n";
    check_all(
        server,
        both,
        {{"www.test", "ok", ""},
         {"alias.test", "body_mismatch", "answers 192.0.2.7, which is not expected"},
         {"empty.test", "body_mismatch", "answers without a record"}}
    );
    check_all(
        server,
        "expect = [\"192.0.2.1\"]\n",
        {{"www.test", "body_mismatch", "answers 192.0.2.2, which is not expected"}}
    );
    check_all(
        server,
        "expect = [\"NS1.test.\", \"ns2.www.TEST\"]\nqtype = \"NS\"\n",
        {{"www.test", "ok", ""}}
    );
}

TEST_CASE("probe_dns: what is no answer to the question is not taken for one", "[plugins]") {
    const DnsServer server;
    check_all(
        server,
        "timeout_s = 0.5\n",
        {{"silent.test", "timeout", "127.0.0.1 does not answer within "},
         {"garbage.test", "timeout", "1 answer(s) to questions that were not asked"},
         {"otherid.test", "timeout", "1 answer(s) to questions that were not asked"},
         {"slow5000.test", "timeout", "does not answer"}}
    );
    // Sixteen letters: one run in 65,536 has none to get wrong.
    check_all(
        server, "timeout_s = 0.5\n", {{"smallcase.abcdefgh.test", "timeout", "random_case = false"}}
    );
    check_all(server, "random_case = false\n", {{"smallcase.abcdefgh.test", "ok", ""}});
}

TEST_CASE("probe_dns: an answer behind a forged one counts, and both are told", "[plugins]") {
    const DnsServer server;
    DnsLab lab(dns_settings("forged.test", "random_case = false\n"));
    const Finding finding = lab.run(server.at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(fact(finding, "forged.test A").ends_with("ms, 1 other answer(s) ignored"));
}

TEST_CASE("probe_dns: answers that point at themselves or end early are told", "[plugins]") {
    const DnsServer server;
    for (const char* name : {"loop.test", "pair.test", "cut.test"}) {
        check_all(server, "", {{name, "body_mismatch", "the answer cannot be read"}});
        check_all(server, "transport = \"tcp\"\n", {{name, "body_mismatch", "cannot be read"}});
    }
}

TEST_CASE("probe_dns: a lost packet is a loss, or is sent again where that is asked", "[plugins]") {
    const DnsServer server;
    check_all(server, "timeout_s = 0.5\n", {{"dropfirst.one.test", "timeout", "does not answer"}});
    DnsLab lab(dns_settings("dropfirst.two.test", "tries = 3\ntimeout_s = 9\n"));
    const Finding finding = lab.run(server.at());
    CHECK(finding.result == ProbeResult::ok);
    CHECK(only_value(finding, "net.dns.repeats") >= 1);
    // The try that was lost is in the time.
    CHECK(only_value(finding, "net.dns.duration", "result=ok") >= 3.0);
}

TEST_CASE("probe_dns: a truncated answer is asked for again over TCP", "[plugins]") {
    const DnsServer server;
    DnsLab lab(dns_settings("truncated.test"));
    const Finding finding = lab.run(server.at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(only_value(finding, "net.dns.answers") == 100);
    CHECK(fact(finding, "truncated.test A").find("(truncated, so over TCP)") != std::string::npos);
}

TEST_CASE("probe_dns: over TCP all questions go at once and come in any order", "[plugins]") {
    const DnsServer server;
    DnsLab lab(
        "queries = [\"last.test\", \"www.test\", \"bytes.test\", \"servfail.test\"]\n"
        "transport = \"tcp\"\n"
    );
    const Finding finding = lab.run(server.at());
    CHECK(word(finding) == "bad_status");
    CHECK(finding.detail == "servfail.test: answers SERVFAIL");
    for (const char* name : {"name=last.test", "name=www.test", "name=bytes.test"}) {
        CHECK(only_value(finding, "net.dns.answers", name) == 2);
    }
    CHECK(only_value(finding, "net.dns.connect", "transport=tcp") > 0);
    check_all(
        server,
        "transport = \"tcp\"\ntimeout_s = 0.5\n",
        {{"hangup.test", "refused", "closes the connection without an answer"},
         {"silent.test", "timeout", "takes the question and does not answer"}}
    );
}

TEST_CASE("probe_dns: over TLS only a server that can prove its name is asked", "[plugins]") {
    if (!TestCa::available()) {
        std::puts("skipped: needs openssl");
        return;
    }
    const Certificates certificates;
    const CertificateFiles good = certificates.issue("dns", "IP:127.0.0.1,DNS:dns.test");
    DnsServer server({"--certificate", good.certificate, "--key", good.key});
    const std::string trust = "ca_file = \"" + certificates.root().certificate + "\"\n";
    const std::string dot = "transport = \"dot\"\n";
    DnsLab lab(dns_settings("www.test", dot + trust));
    const Finding finding = lab.run(server.dot_at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(only_value(finding, "net.dns.duration", "transport=dot") > 0);
    CHECK(only_value(finding, "net.dns.connect") > 0);
    CHECK(fact(finding, "version") == "TLSv1.3");
    CHECK(server.question_with("dot"));

    DnsLab named(dns_settings("www.test", dot + trust + "tls_name = \"other.test\"\n"));
    const Finding other = named.run(server.dot_at());
    CHECK(word(other) == "tls_error");
    CHECK(other.step == "tls");
    CHECK(other.detail == "the certificate is for dns.test, not for other.test");

    DnsLab unknown(dns_settings("www.test", dot));
    CHECK(word(unknown.run(server.dot_at())) == "tls_error");
    DnsLab plain(dns_settings("www.test", dot + trust + "timeout_s = 1\n"));
    CHECK(plain.run(server.at()).result != ProbeResult::ok);

    const CertificateFiles old = certificates.issue("old", "IP:127.0.0.1", -1);
    const DnsServer expired({"--certificate", old.certificate, "--key", old.key});
    DnsLab aged(dns_settings("www.test", dot + trust));
    const Finding late = aged.run(expired.dot_at());
    CHECK(word(late) == "cert_expired");
    CHECK(figure(late, "net.dns.duration").values.empty());
}

TEST_CASE("probe_dns: a server that answers for what does not exist is told", "[plugins]") {
    const DnsServer honest;
    const DnsServer liar({"--rewrites"});
    for (const char* transport : {"udp", "tcp"}) {
        const std::string settings =
            "hijack_check = true\ntransport = \"" + std::string(transport) + "\"\n";
        DnsLab lab(dns_settings("www.test", settings));
        const Finding clean = lab.run(honest.at());
        INFO(clean.detail);
        CHECK(clean.result == ProbeResult::ok);
        CHECK(only_value(clean, "net.dns.hijack") == 0);
        const Finding forged = lab.run(liar.at());
        CHECK(word(forged) == "body_mismatch");
        CHECK(only_value(forged, "net.dns.hijack") == 1);
        CHECK(forged.detail.find("is answered with 198.51.100.66") != std::string::npos);
    }
    DnsLab zone(dns_settings("www.test", "hijack_check = true\nhijack_zone = \"hijacked.test\"\n"));
    const Finding forged = zone.run(honest.at());
    CHECK(only_value(forged, "net.dns.hijack") == 1);
    CHECK(forged.detail.find("203.0.113.9") != std::string::npos);
    // Nobody says that the name does not exist, nor anything else.
    DnsLab silent(dns_settings("www.test", "hijack_check = true\ntimeout_s = 0.3\n"));
    const Finding unknown = silent.run("127.0.0.1:9");
    CHECK(figure(unknown, "net.dns.hijack").values.empty());
}

TEST_CASE("probe_dns: a port where nothing listens is refused", "[plugins]") {
    for (const char* transport : {"udp", "tcp", "dot"}) {
        DnsLab lab(dns_settings("www.test", "transport = \"" + std::string(transport) + "\"\n"));
        const Finding finding = lab.run("127.0.0.1:9");
        INFO(transport << ": " << finding.detail);
        CHECK(word(finding) == "refused");
        CHECK(finding.step == "connect");
    }
}

TEST_CASE("probe_dns: every packet is on the meter, and the budget ends a run", "[plugins]") {
    const DnsServer server;
    DnsLab lab(dns_settings("www.test"));
    const Finding finding = lab.run(server.at());
    CHECK(finding.result == ProbeResult::ok);
    CHECK(lab.meter.used().packets == 2);
    // 12 + 14 + 11 bytes of the question, 32 more of the answer's records; 28 in front of each.
    CHECK(lab.meter.used().bytes == 37 + 69 + 2 * 28);
    for (const char* transport : {"udp", "tcp"}) {
        DnsLab poor(dns_settings("www.test", "transport = \"" + std::string(transport) + "\"\n"));
        probes::BudgetLimits limits;
        limits.test_bytes = 70;
        probes::Meter meter("", "", "test", limits, poor.clock);
        const probes::ProbeContext context{
            poor.loop, poor.clock, poor.resolver, meter, "", std::chrono::seconds(5)};
        std::optional<Finding> found;
        const auto run = poor.source.make_run({"t", server.at()}, context);
        run->begin([&](Finding last) {
            found = std::move(last);
            poor.loop.stop();
        });
        poor.loop.run();
        INFO(transport);
        CHECK(word(*found) == "capped");
    }
}

TEST_CASE("probe_dns: a run that is given up at any moment leaves nothing", "[plugins]") {
    const DnsServer server;
    for (const char* transport : {"udp", "tcp", "dot"}) {
        DnsLab lab(dns_settings("slow1000.test", "transport = \"" + std::string(transport) + "\"\n")
        );
        for (const int delay_ms : {0, 1, 5, 20}) {
            const auto run = lab.source.make_run({"t", server.at()}, lab.context);
            bool told = false;
            run->begin([&](const Finding&) { told = true; });
            const LoopHandle end =
                lab.loop.after(std::chrono::milliseconds(delay_ms), [&] { lab.loop.stop(); });
            lab.loop.run();
            CHECK_FALSE(told);
        }
        lab.loop.poll();
    }
}

}  // namespace cxedge::test
