// SPDX-License-Identifier: Apache-2.0
// Our probes beside prometheus-blackbox-exporter and openssl, before the same servers.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <regex>

#include "plugins/probe_tcp/probe_tcp.hpp"
#include "plugins/probe_tls/probe_tls.hpp"

#include "tests/plugins/probe_dns/dns_bench.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/probe_server.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;

constexpr const char* kExporter = "/usr/bin/prometheus-blackbox-exporter";

bool can_compare() {
    const bool there = run({"/usr/bin/which", kExporter}).status == 0 && TestCa::available();
    if (!there) {
        std::puts("skipped: needs prometheus-blackbox-exporter and openssl");
    }
    return there;
}

class Exporter {
public:
    Exporter(const TempDir& dir, const std::string& modules)
        : config_(write(dir, modules)),
          process_({kExporter, "--config.file=" + config_, "--web.listen-address=127.0.0.1:0"}) {
        static const std::regex kAddress("address=(?:\\[::\\]|127\\.0\\.0\\.1):([0-9]+)");
        std::smatch found;
        const auto line = process_.line_where(
            [](const std::string& text) { return std::regex_search(text, kAddress); },
            std::chrono::seconds(60)
        );
        if (!line || !std::regex_search(*line, found, kAddress)) {
            throw std::runtime_error("blackbox_exporter does not say where it listens");
        }
        port_ = found[1];
    }
    // All it says of a target.
    [[nodiscard]] std::string probe(const std::string& module, const std::string& target) const {
        return run({"curl",
                    "-s",
                    "-G",
                    "--data-urlencode",
                    "target=" + target,
                    "--data-urlencode",
                    "module=" + module,
                    "http://127.0.0.1:" + port_ + "/probe"})
            .output;
    }

private:
    static std::string write(const TempDir& dir, const std::string& modules) {
        const std::string path = dir.file("blackbox.yml");
        std::ofstream(path) << "modules:\n" << modules;
        return path;
    }

    std::string config_;
    Process process_;
    std::string port_;
};

// NaN: it does not say.
double metric(const std::string& text, const std::string& name) {
    std::smatch found;
    const std::regex line("(^|\\n)" + name + " ([0-9.e+-]+)");
    return std::regex_search(text, found, line) ? std::stod(found[2]) : std::nan("");
}

double now_s() {
    return static_cast<double>(unix_ms(SystemClock().wall_now())) / 1'000;
}

double expires(const Finding& finding, const std::string& certificate) {
    return now_s() + figure(finding, "net.tls.expiry", "cert=" + certificate).values.at(0);
}

// Of the leaf, as openssl sees it on the wire.
double openssl_expires(const std::string& at) {
    const Finished finished = run(
        {"sh",
         "-c",
         "date -ud \"$(openssl s_client -connect " + at +
             " </dev/null 2>/dev/null | openssl x509 -noout -enddate | cut -d= -f2)\" +%s"}
    );
    INFO(finished.output);
    REQUIRE(finished.status == 0);
    return std::stod(finished.output);
}

void check_verdict(const std::string& what, const Finding& ours, const std::string& theirs) {
    INFO(what << ": " << to_string(ours.result) << " " << ours.detail << "\n" << theirs);
    CHECK((ours.result == ProbeResult::ok) == (metric(theirs, "probe_success") == 1));
    std::printf(
        "%-28s ours %-13s blackbox %.0f\n",
        what.c_str(),
        std::string(to_string(ours.result)).c_str(),
        metric(theirs, "probe_success")
    );
}

}  // namespace

TEST_CASE("probe_tls: blackbox and openssl have the same verdict and expiry", "[plugins]") {
    if (!can_compare()) {
        return;
    }
    const Certificates certificates;
    const Certificates stranger("Other Root");
    const std::string& root = certificates.root().certificate;
    const TempDir dir;
    const Exporter exporter(
        dir,
        "  tls: {prober: tcp, timeout: 5s, tcp: {preferred_ip_protocol: ip4, tls: true, "
        "tls_config: "
        "{ca_file: " +
            root +
            "}}}\n"
            "  blind: {prober: tcp, timeout: 5s, tcp: {preferred_ip_protocol: ip4, tls: true, "
            "tls_config: {insecure_skip_verify: true}}}\n"
    );
    const std::string own = "IP:127.0.0.1";
    const CertificateFiles short_lived = certificates.intermediate("Short CA", 3);
    const CertificateFiles worn = certificates.intermediate("Worn CA", -1);
    const std::vector<std::pair<std::string, CertificateFiles>> all{
        {"good", certificates.issue("good", own, 9)},
        {"expired", certificates.issue("old", own, -2)},
        {"wrong name", certificates.issue("elsewhere", "DNS:elsewhere.test")},
        {"self-signed", certificates.self_signed("alone", own)},
        {"unknown issuer", stranger.issue("guest", own)},
        {"short intermediate", certificates.issue_below(short_lived, "leaf", own, 7)},
        {"expired intermediate", certificates.issue_below(worn, "below", own, 7)}};
    for (const auto& [what, files] : all) {
        const ProbeServer server("tls", certified(files));
        ProbeLab<plugins::ProbeTls> lab("ca_file = \"" + root + "\"\n");
        const Finding ours = lab.run(server.at());
        const double leaf = expires(ours, "leaf");
        const double chain = expires(ours, "chain");
        check_verdict(what, ours, exporter.probe("tls", server.at()));
        const std::string theirs = exporter.probe("blind", server.at());
        INFO(what << "\n" << theirs);
        CHECK(std::abs(chain - metric(theirs, "probe_ssl_earliest_cert_expiry")) < 1);
        CHECK(std::abs(leaf - openssl_expires(server.at())) < 1);
    }
    ProbeLab<plugins::ProbeTls> lab("");
    const ProbeServer plain("plain");
    check_verdict("no TLS", lab.run(plain.at()), exporter.probe("tls", plain.at()));
    check_verdict("refused", lab.run("127.0.0.1:9"), exporter.probe("tls", "127.0.0.1:9"));
}

TEST_CASE("probe_tcp: blackbox has the same verdict", "[plugins]") {
    if (!can_compare()) {
        return;
    }
    const TempDir dir;
    const Exporter exporter(
        dir,
        "  tcp: {prober: tcp, timeout: 2s, tcp: {preferred_ip_protocol: ip4}}\n"
        "  greeted: {prober: tcp, timeout: 2s, tcp: {preferred_ip_protocol: ip4, query_response: "
        "[{expect: \"SSH-2.0\"}]}}\n"
    );
    const ProbeServer silent("silent");
    const ProbeServer shell("greet=SSH-2.0-test");
    const ProbeServer mail("greet=220 mail.test ESMTP");
    ProbeLab<plugins::ProbeTcp> lab("port = 9\n");
    check_verdict("open", lab.run(silent.at()), exporter.probe("tcp", silent.at()));
    check_verdict("refused", lab.run("127.0.0.1:9"), exporter.probe("tcp", "127.0.0.1:9"));
    ProbeLab<plugins::ProbeTcp> greeted("port = 9\nexpect = \"SSH-2.0\"\ntimeout_s = 2\n");
    for (const ProbeServer* server : {&shell, &mail, &silent}) {
        check_verdict(
            "greeting", greeted.run(server->at()), exporter.probe("greeted", server->at())
        );
    }
}

TEST_CASE("probe_dns: blackbox has the same verdict, answers and serial", "[plugins]") {
    if (!can_compare()) {
        return;
    }
    const DnsServer server;
    const std::vector<std::pair<std::string, std::string>> questions{
        {"www.test", "A"},
        {"www.test", "AAAA"},
        {"www.test", "SOA"},
        {"alias.test", "A"},
        {"empty.test", "A"},
        {"nxdomain.test", "A"},
        {"servfail.test", "A"},
        {"refused.test", "A"},
        {"silent.test", "A"}};
    std::string modules;
    for (const auto& [name, type] : questions) {
        modules +=
            "  " + name + "_" + type +
            ": {prober: dns, timeout: 1s, dns: {preferred_ip_protocol: ip4, query_name: " + name +
            ", query_type: " + type + "}}\n";
    }
    const TempDir dir;
    const Exporter exporter(dir, modules);
    for (const auto& [name, type] : questions) {
        DnsLab lab(dns_settings(name, "timeout_s = 1\nqtype = \"" + type + "\"\n"));
        const Finding ours = lab.run(server.at());
        const std::string theirs = exporter.probe(name + "_" + type, server.at());
        check_verdict(name + " " + type, ours, theirs);
        const auto& answers = figure(ours, "net.dns.answers").values;
        if (!answers.empty()) {
            CHECK(answers.at(0) == metric(theirs, "probe_dns_answer_rrs"));
        }
        if (type == "SOA") {
            CHECK(only_value(ours, "net.dns.serial") == metric(theirs, "probe_dns_serial"));
        }
    }
}

}  // namespace cxedge::test
