// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_tls/probe_tls.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/probe_server.hpp"

namespace cxedge::test {
namespace {

using probes::Finding;
using probes::ProbeResult;
using TlsLab = ProbeLab<plugins::ProbeTls>;

constexpr double kDay = 86'400;

bool skip_without_openssl() {
    if (!TestCa::available()) {
        std::puts("skipped: needs openssl");
    }
    return !TestCa::available();
}

std::string trusting(const Certificates& certificates, const std::string& more = {}) {
    return "ca_file = \"" + certificates.root().certificate + "\"\n" + more;
}

std::string word(const Finding& finding) {
    return std::string(to_string(finding.result));
}

std::string tls_fact(const Finding& finding, const std::string& key) {
    for (const auto& [name, value] : finding.facts) {
        if (name == key) {
            return value;
        }
    }
    return {};
}

double expiry(const Finding& finding, const std::string& certificate) {
    return only_value(finding, "net.tls.expiry", "cert=" + certificate);
}

// The handshake is measured and the certificates are read whatever is wrong with them.
void check_measured(const Finding& finding) {
    CHECK(figure(finding, "net.tls.handshake", "version=TLSv1.3").values.size() == 1);
    CHECK(figure(finding, "net.tls.version").values == std::vector<double>{3});
    CHECK(figure(finding, "net.tls.expiry", "cert=leaf").values.size() == 1);
    CHECK(figure(finding, "net.tls.expiry", "cert=chain").values.size() == 1);
}

void check_lost(const Finding& finding) {
    CHECK(finding.figures.size() == 4);
    for (const probes::Figure& each : finding.figures) {
        INFO(to_string(each.info.key));
        CHECK(each.values.empty());
    }
}

}  // namespace

TEST_CASE("probe_tls: does what its cases say", "[plugins]") {
    check_plugin({"probe_tls", make_source<plugins::ProbeTls>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_tls: a good server has its handshake, expiry and facts", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    auto options = certified(certificates.issue("shop", "DNS:localhost,IP:127.0.0.1", 10));
    options.insert(options.end(), {"--alpn", "h2"});
    const ProbeServer server("tls", options);
    TlsLab lab(trusting(certificates, "alpn = [\"h2\", \"http/1.1\"]\n"));
    const Finding finding = lab.run(server.at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    check_measured(finding);
    CHECK(figure(finding, "net.tls.handshake").values.at(0) > 0);
    CHECK(expiry(finding, "leaf") == Approx(10 * kDay).margin(300));
    CHECK(expiry(finding, "chain") == expiry(finding, "leaf"));
    CHECK(tls_fact(finding, "version") == "TLSv1.3");
    CHECK(tls_fact(finding, "cipher").starts_with("TLS_"));
    CHECK(tls_fact(finding, "group").size() > 2);
    CHECK(tls_fact(finding, "subject") == "CN=shop");
    CHECK(tls_fact(finding, "issuer") == "Test Root");
    CHECK(tls_fact(finding, "alpn") == "h2");
    // The name instead of the address.
    TlsLab named(trusting(certificates, "family = \"4\"\n"));
    const Finding by_name = named.run(server.at("localhost"));
    INFO(by_name.detail);
    CHECK(by_name.result == ProbeResult::ok);
}

TEST_CASE(
    "probe_tls: what is wrong with a certificate is named, and all is measured", "[plugins]"
) {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const Certificates stranger("Other Root");
    const CertificateFiles worn = certificates.intermediate("Worn CA", -1);
    const CertificateFiles fresh = certificates.intermediate("Fresh CA", 3);
    struct Wrong {
        CertificateFiles files;
        std::string result;
        std::string detail;
        double leaf_days;
        double chain_days;
    };
    const std::string own = "IP:127.0.0.1";
    const std::vector<Wrong> all{
        {certificates.issue("old", own, -1),
         "cert_expired",
         "the certificate of old ran out at 20",
         -1,
         -1},
        {certificates.issue("elsewhere", "DNS:a.test,DNS:b.test"),
         "tls_error",
         "the certificate is for a.test, b.test, not for 127.0.0.1",
         2,
         2},
        {certificates.self_signed("alone", own, 5), "tls_error", "is self-signed", 5, 5},
        {certificates.self_signed("both", own, -1),
         "tls_error",
         "self-signed, and not trusted here (ca_file); the certificate of both ran out",
         -1,
         -1},
        {stranger.issue("guest", own), "tls_error", "the issuer Other Root is unknown here", 2, 2},
        {certificates.issue_below(worn, "below", own, 7),
         "cert_expired",
         "the certificate of Worn CA ran out",
         7,
         -1},
        {certificates.issue_below(fresh, "new", own, 7), "ok", "", 7, 3}};
    for (const Wrong& each : all) {
        const ProbeServer server("tls", certified(each.files));
        TlsLab lab(trusting(certificates));
        const Finding finding = lab.run(server.at());
        INFO(each.files.certificate << ": " << finding.detail);
        CHECK(word(finding) == each.result);
        CHECK(finding.step == (each.result == "ok" ? "" : "tls"));
        CHECK(finding.detail.find(each.detail) != std::string::npos);
        check_measured(finding);
        CHECK(expiry(finding, "leaf") == Approx(each.leaf_days * kDay).margin(300));
        CHECK(expiry(finding, "chain") == Approx(each.chain_days * kDay).margin(300));
    }
}

TEST_CASE("probe_tls: a ca_file that changes is read again, one that is bad is told", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const Certificates stranger;
    const TempDir dir;
    const ProbeServer server("tls", certified(certificates.issue("shop", "IP:127.0.0.1")));
    TlsLab lab("ca_file = \"" + dir.file("ca.pem") + "\"\n");
    const Finding missing = lab.run(server.at());
    CHECK(word(missing) == "tls_error");
    CHECK(missing.detail.find("ca.pem cannot be read") != std::string::npos);
    check_measured(missing);
    std::filesystem::copy_file(stranger.root().certificate, dir.file("ca.pem"));
    CHECK(word(lab.run(server.at())) == "tls_error");
    std::filesystem::copy_file(certificates.root().certificate, dir.file("new.pem"));
    std::filesystem::rename(dir.file("new.pem"), dir.file("ca.pem"));
    CHECK(word(lab.run(server.at())) == "ok");
}

TEST_CASE("probe_tls: an intermediate in ca_file is trusted by itself", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const CertificateFiles between = certificates.intermediate("Between CA");
    const auto leaf = certificates.issue_below(between, "below", "IP:127.0.0.1", 1);
    const ProbeServer server("tls", certified(leaf));
    TlsLab lab("ca_file = \"" + between.certificate + "\"\n");
    const Finding finding = lab.run(server.at());
    INFO(finding.detail);
    CHECK(finding.result == ProbeResult::ok);
    CHECK(expiry(finding, "chain") == Approx(kDay).margin(300));
}

TEST_CASE("probe_tls: the system's certificates are read again when they change", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const TempDir dir;
    const ProbeServer server("tls", certified(certificates.issue("shop", "IP:127.0.0.1")));
    ::setenv("SSL_CERT_FILE", dir.file("system.pem").c_str(), 1);
    TlsLab lab("");
    CHECK(word(lab.run(server.at())) == "tls_error");
    std::filesystem::copy_file(certificates.root().certificate, dir.file("system.pem"));
    CHECK(word(lab.run(server.at())) == "ok");
    std::filesystem::remove(dir.file("system.pem"));
    CHECK(word(lab.run(server.at())) == "tls_error");
    ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("probe_tls: servers that do not finish a handshake end in time", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const auto files = certified(certificates.issue("shop", "IP:127.0.0.1"));
    TlsLab lab(trusting(certificates, "timeout_s = 1.5\n"));
    for (const char* mode : {"trickle", "silent"}) {
        const ProbeServer server(mode, files);
        const SteadyTime begun = lab.clock.steady_now();
        const Finding finding = lab.run(server.at());
        const double took = std::chrono::duration<double>(lab.clock.steady_now() - begun).count();
        INFO(mode << ": " << finding.detail);
        CHECK(word(finding) == "timeout");
        CHECK(finding.step == "tls");
        CHECK(finding.detail == "the handshake takes longer than 1500 ms");
        CHECK(took >= 1.4);
        CHECK(took < 20);
        check_lost(finding);
    }
}

TEST_CASE("probe_tls: what does not speak TLS, or not ours, is told", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    TlsLab lab(trusting(certificates));
    const ProbeServer plain("plain");
    const Finding http = lab.run(plain.at());
    CHECK(word(http) == "tls_error");
    CHECK(http.detail == "what answers there does not speak TLS");
    check_lost(http);
    const ProbeServer hangup("hangup");
    const Finding gone = lab.run(hangup.at());
    CHECK(word(gone) == "tls_error");
    CHECK(gone.detail == "the server hangs up during the handshake");
    CHECK(word(lab.run("127.0.0.1:9")) == "refused");

    auto options = certified(certificates.issue("shop", "IP:127.0.0.1"));
    options.insert(options.end(), {"--max-version", "1.2"});
    const ProbeServer older("tls", options);
    const Finding seen = lab.run(older.at());
    CHECK(seen.result == ProbeResult::ok);
    CHECK(figure(seen, "net.tls.version").values == std::vector<double>{2});
    CHECK(figure(seen, "net.tls.handshake", "version=TLSv1.2").values.size() == 1);
    TlsLab strict(trusting(certificates, "min_version = \"1.3\"\n"));
    const Finding refused = strict.run(older.at());
    INFO(refused.detail);
    CHECK(word(refused) == "tls_error");
    CHECK(refused.detail == "the server only speaks versions of TLS older than min_version");
    check_lost(refused);
}

TEST_CASE("probe_tls: losses belong to the version that was spoken before", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    TlsLab lab(trusting(certificates));
    CHECK(figure(lab.run("127.0.0.1:9"), "net.tls.handshake", "version=unknown").values.empty());
    const ProbeServer server("tls", certified(certificates.issue("shop", "IP:127.0.0.1")));
    CHECK(lab.run(server.at()).result == ProbeResult::ok);
    CHECK(figure(lab.run("127.0.0.1:9"), "net.tls.handshake", "version=TLSv1.3").values.empty());
}

TEST_CASE("probe_tls: all bytes are on the meter, and the budget ends a run", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const ProbeServer server("tls", certified(certificates.issue("shop", "IP:127.0.0.1")));
    TlsLab lab(trusting(certificates));
    CHECK(lab.run(server.at()).result == ProbeResult::ok);
    CHECK(lab.meter.used().bytes > 1'000);
    CHECK(lab.meter.used().bytes < 5'000);
    probes::BudgetLimits limits;
    limits.test_bytes = 1'000;
    probes::Meter meter("", "", "test", limits, lab.clock);
    const probes::ProbeContext context{
        lab.loop, lab.clock, lab.resolver, meter, "", std::chrono::seconds(5)};
    std::optional<Finding> found;
    const auto run = lab.source.make_run({"t", server.at()}, context);
    run->begin([&](Finding last) {
        found = std::move(last);
        lab.loop.stop();
    });
    lab.loop.run();
    CHECK(word(*found) == "capped");
    CHECK(found->step == "tls");
}

TEST_CASE("probe_tls: a run that is given up at any moment leaves nothing", "[plugins]") {
    if (skip_without_openssl()) {
        return;
    }
    const Certificates certificates;
    const ProbeServer server("trickle", certified(certificates.issue("shop", "IP:127.0.0.1")));
    TlsLab lab(trusting(certificates));
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

}  // namespace cxedge::test
