// SPDX-License-Identifier: Apache-2.0
// The same requests made by curl and by prometheus-blackbox-exporter, side by side.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/core.h>

#include "plugins/probe_http/probe_http.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/slowness.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/web_server.hpp"

namespace cxedge::test {
namespace {

using plugins::ProbeHttp;
using probes::Finding;

// Nobody is asked but whom a test runs.
struct OracleLab : ProbeLab<ProbeHttp> {
    explicit OracleLab(const std::string& settings)
        : ProbeLab("targets = \"http://203.0.113.1/\"\n" + settings) {}
};

struct Phases {
    double connect = 0;
    double tls = 0;
    double ttfb = 0;
    double transfer = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

Phases median_of(const std::vector<Phases>& all) {
    const auto of = [&](double Phases::*phase) {
        std::vector<double> values;
        for (const Phases& each : all) {
            values.push_back(each.*phase);
        }
        return median(values);
    };
    return {of(&Phases::connect), of(&Phases::tls), of(&Phases::ttfb), of(&Phases::transfer)};
}

Phases by_curl(const std::string& url, const std::string& ca_file) {
    const Finished asked = run(
        {"curl",
         "-s",
         "-o",
         "/dev/null",
         "--cacert",
         ca_file,
         "-w",
         "%{time_namelookup} %{time_connect} %{time_appconnect} %{time_pretransfer} "
         "%{time_starttransfer} %{time_total}",
         url}
    );
    REQUIRE(asked.status == 0);
    std::istringstream text(asked.output);
    double name = 0, connect = 0, tls = 0, asked_at = 0, first = 0, total = 0;
    text >> name >> connect >> tls >> asked_at >> first >> total;
    return {connect - name, tls - connect, first - asked_at, total - first};
}

Phases by_probe(OracleLab& lab, const std::string& url) {
    const Finding finding = lab.run(url);
    REQUIRE(finding.result == probes::ProbeResult::ok);
    const auto value = [&](const char* metric) {
        return figure(finding, metric).values.at(0);
    };
    return {
        value("net.http.connect"),
        value("net.http.tls"),
        value("net.http.ttfb"),
        value("net.http.transfer")};
}

// A blackbox exporter while it runs.
class Blackbox {
public:
    static bool available() {
        return std::filesystem::exists("/usr/bin/prometheus-blackbox-exporter");
    }
    explicit Blackbox(const std::string& config)
        : process_(
              {"/usr/bin/prometheus-blackbox-exporter",
               "--config.file=" + config,
               "--web.listen-address=127.0.0.1:0"}
          ) {
        const std::string line =
            process_.line_with("address=127.0.0.1:", std::chrono::seconds(30)).value_or("");
        const std::size_t at = line.find("127.0.0.1:");
        REQUIRE(at != std::string::npos);
        address_ = line.substr(at, line.find_first_not_of("0123456789.:", at) - at);
    }
    // Its answer, as text of metrics.
    [[nodiscard]] std::string probe(const std::string& url) const {
        const Finished asked = run(
            {"curl",
             "-sG",
             "--data-urlencode",
             "target=" + url,
             "-d",
             "module=http",
             "http://" + address_ + "/probe"}
        );
        REQUIRE(asked.status == 0);
        return asked.output;
    }

private:
    Process process_;
    std::string address_;
};

double metric_of(const std::string& text, const std::string& name) {
    const std::size_t at = text.find("\n" + name + " ");
    REQUIRE(at != std::string::npos);
    return std::atof(text.c_str() + at + name.size() + 2);  // NOLINT(cert-err34-c): its own text
}

double phase_of(const std::string& text, const std::string& phase) {
    return metric_of(text, "probe_http_duration_seconds{phase=\"" + phase + "\"}");
}

std::string blackbox_config(const TempDir& folder, const std::string& ca_file) {
    std::ofstream(folder.file("blackbox.yml"))
        << "modules:\n  http:\n    prober: http\n    timeout: 2s\n    http:\n"
        << "      preferred_ip_protocol: ip4\n      tls_config: {ca_file: " << ca_file << "}\n";
    return folder.file("blackbox.yml");
}

}  // namespace

TEST_CASE("probe_http: the phases are those that curl sees", "[probe_http]") {
    if (!TestCa::available() || !std::filesystem::exists("/usr/bin/curl")) {
        WARN("skipped: needs openssl and curl");
        return;
    }
    const TestCa ca;
    const CertificateFiles files = ca.issue("server", "IP:127.0.0.1");
    const WebServer server({"--certificate", files.certificate, "--key", files.key});
    const std::string url = server.url("/answer?size=20000&before=50&during=100", "https");
    OracleLab lab("ca_file = \"" + ca.certificate() + "\"");
    std::vector<Phases> curls;
    std::vector<Phases> ours;
    for (int i = 0; i < 9; ++i) {
        curls.push_back(by_curl(url, ca.certificate()));
        ours.push_back(by_probe(lab, url));
    }
    const Phases curl = median_of(curls);
    const Phases probe = median_of(ours);
    fmt::print(
        "median ms, curl / probe_http: connect {:.2f} / {:.2f}, tls {:.2f} / {:.2f}, "
        "ttfb {:.2f} / {:.2f}, transfer {:.2f} / {:.2f}\n",
        1e3 * curl.connect,
        1e3 * probe.connect,
        1e3 * curl.tls,
        1e3 * probe.tls,
        1e3 * curl.ttfb,
        1e3 * probe.ttfb,
        1e3 * curl.transfer,
        1e3 * probe.transfer
    );
    const double noise = 0.010 * slowness();
    CHECK(probe.connect == Approx(curl.connect).margin(noise));
    CHECK(probe.tls == Approx(curl.tls).margin(2 * noise));
    CHECK(probe.ttfb == Approx(curl.ttfb).margin(noise));
    CHECK(probe.transfer == Approx(curl.transfer).margin(noise));
    CHECK(probe.ttfb >= 0.050);
    CHECK(probe.transfer >= 0.099);
}

TEST_CASE("probe_http: verdicts and phases are those of the blackbox exporter", "[probe_http]") {
    if (!TestCa::available() || !Blackbox::available()) {
        WARN("skipped: needs openssl, curl and prometheus-blackbox-exporter");
        return;
    }
    const Certificates certificates;
    const TempDir folder;
    const std::string& root = certificates.root().certificate;
    const CertificateFiles files = certificates.issue("server", "IP:127.0.0.1");
    const CertificateFiles old = certificates.issue("old", "IP:127.0.0.1", -1);
    const WebServer plain;
    const WebServer sound({"--certificate", files.certificate, "--key", files.key});
    const WebServer expired({"--certificate", old.certificate, "--key", old.key});
    const Blackbox blackbox(blackbox_config(folder, root));
    OracleLab lab("timeout_s = 2\nca_file = \"" + root + "\"");
    const std::vector<std::string> urls{
        plain.url("/answer?text=hello"),
        plain.url("/answer?status=503"),
        plain.url("/nowhere"),
        plain.url("/redirect?to=/answer"),
        plain.url("/loop"),
        plain.url("/close"),
        plain.url("/stall-head"),
        plain.url("/stall-body"),
        plain.url("/truncate"),
        sound.url("/answer?text=hello", "https"),
        sound.url("/answer?text=hello", "http"),
        expired.url("/answer", "https"),
        "http://127.0.0.1:1/"};
    for (const std::string& url : urls) {
        CAPTURE(url);
        const std::string theirs = blackbox.probe(url);
        const Finding ours = lab.run(url);
        const bool good = ours.result == probes::ProbeResult::ok;
        CHECK(good == (metric_of(theirs, "probe_success") == 1));
        const auto& status = figure(ours, "net.http.status").values;
        const double code = metric_of(theirs, "probe_http_status_code");
        // Of a redirect in a circle Go tells no status, we that of the last answer.
        if (url.find("/loop") == std::string::npos) {
            CHECK((status.empty() ? 0 : status[0]) == code);
        }
    }
}

TEST_CASE("probe_http: the blackbox exporter measures the same", "[probe_http]") {
    if (!TestCa::available() || !Blackbox::available()) {
        WARN("skipped: needs openssl, curl and prometheus-blackbox-exporter");
        return;
    }
    const TestCa ca;
    const TempDir folder;
    const CertificateFiles files = ca.issue("server", "IP:127.0.0.1");
    const WebServer server({"--certificate", files.certificate, "--key", files.key});
    const Blackbox blackbox(blackbox_config(folder, ca.certificate()));
    OracleLab lab("ca_file = \"" + ca.certificate() + "\"");
    const std::string url = server.url("/answer?size=20000&before=50&during=100", "https");
    std::vector<Phases> theirs;
    std::vector<Phases> ours;
    for (int i = 0; i < 7; ++i) {
        const std::string text = blackbox.probe(url);
        theirs.push_back(
            {phase_of(text, "connect"),
             phase_of(text, "tls"),
             phase_of(text, "processing"),
             phase_of(text, "transfer")}
        );
        ours.push_back(by_probe(lab, url));
    }
    const Phases them = median_of(theirs);
    const Phases us = median_of(ours);
    fmt::print(
        "median ms, blackbox / probe_http: connect {:.2f} / {:.2f}, tls {:.2f} / {:.2f}, "
        "ttfb {:.2f} / {:.2f}, transfer {:.2f} / {:.2f}\n",
        1e3 * them.connect,
        1e3 * us.connect,
        1e3 * them.tls,
        1e3 * us.tls,
        1e3 * them.ttfb,
        1e3 * us.ttfb,
        1e3 * them.transfer,
        1e3 * us.transfer
    );
    const double noise = 0.010 * slowness();
    CHECK(us.connect == Approx(them.connect).margin(noise));
    CHECK(us.ttfb == Approx(them.ttfb).margin(noise));
    CHECK(us.transfer == Approx(them.transfer).margin(noise));
}

}  // namespace cxedge::test
