// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_http/probe_http.hpp"

#include "plugins/_probes/portal.hpp"
#include "plugins/probe_http/body_check.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/web_server.hpp"

namespace cxedge::test {
namespace {

using plugins::BodyCheck;
using plugins::ProbeHttp;
using probes::Finding;
using probes::TextSearch;

// Nobody is asked but whom a test runs.
struct RequestLab : ProbeLab<ProbeHttp> {
    explicit RequestLab(const std::string& settings)
        : ProbeLab("targets = \"http://203.0.113.1/\"\n" + settings) {}
};

// "ok", "timeout/server", ...
std::string said_by(const Finding& finding) {
    const std::string result(probes::to_string(finding.result));
    return finding.step.empty() ? result : result + "/" + finding.step;
}

std::string run_with(const std::string& settings, const std::string& url) {
    RequestLab lab(settings);
    return said_by(lab.run(url));
}

bool lost(const Finding& finding, const std::string& metric) {
    return figure(finding, metric).values.empty();
}

}  // namespace

TEST_CASE("probe_http does what its cases say", "[probe_http]") {
    check_plugin({"probe_http", make_source<ProbeHttp>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_http: texts are found across pieces", "[probe_http]") {
    const std::string body = "aabaabaaab-needle-x";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        TextSearch needle("needle");
        TextSearch overlapping("aabaaa");
        TextSearch missing("needles");
        for (std::size_t at = 0; at < body.size(); at += piece) {
            needle.feed(std::string_view(body).substr(at, piece));
            overlapping.feed(std::string_view(body).substr(at, piece));
            missing.feed(std::string_view(body).substr(at, piece));
        }
        CHECK(needle.found());
        CHECK(overlapping.found());
        CHECK_FALSE(missing.found());
    }
    CHECK(TextSearch("").found());
    CHECK_FALSE(TextSearch("x").found());
}

TEST_CASE("probe_http: a body is known by its digest", "[probe_http]") {
    // FIPS 180-2 appendix B.1.
    const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    BodyCheck right("", abc);
    right.feed("a");
    right.feed("bc");
    CHECK(right.mismatch().empty());
    BodyCheck wrong("", abc);
    wrong.feed("abd");
    CHECK_THAT(wrong.mismatch(), Catch::StartsWith("the body has SHA-256 "));
}

TEST_CASE("probe_http: what is expected is found or named", "[probe_http]") {
    const WebServer server;
    CHECK(run_with("", server.url("/answer?text=hello")) == "ok");
    CHECK(run_with("", server.url("/answer?status=500")) == "bad_status/server");
    CHECK(run_with("expect_status = [\"404\"]", server.url("/nowhere")) == "ok");
    CHECK(
        run_with("expect_status = [\"204\", \"3xx\"]", server.url("/answer")) == "bad_status/server"
    );
    CHECK(run_with("expect_body = \"ell\"", server.url("/answer?text=hello")) == "ok");
    CHECK(
        run_with("expect_body = \"elk\"", server.url("/answer?text=hello")) ==
        "body_mismatch/server"
    );
    CHECK(run_with("method = \"HEAD\"", server.url("/answer?size=1000")) == "ok");
    CHECK(
        run_with(
            "method = \"PUT\"\nbody = \"abc\"\nexpect_body = \"PUT 3 bytes\"", server.url("/count")
        ) == "ok"
    );
    CHECK(run_with("redirects = 0\nexpect_status = [\"302\"]", server.url("/loop")) == "ok");
    CHECK(run_with("", server.url("/loop")) == "bad_status/server");
    CHECK(run_with("max_body_kib = 1", server.url("/answer?size=5000000")) == "ok");
}

TEST_CASE("probe_http: a log-in page that stands in the way", "[probe_http]") {
    const WebServer login;
    // Another name of the same box: to a browser, another host.
    const std::string page =
        "http://localhost:" + login.port() + "/answer?type=text/html&text=%3Cform%3Ein%3C/form%3E";
    const WebServer portal({"--portal", page});
    const std::string asked = portal.url("/generate_204");
    for (const char* const settings :
         {"expect_status = [\"204\"]",
          "expect_status = [\"204\"]\nredirects = 0",
          "expect_body = \"success\""}) {
        RequestLab lab(settings);
        const Finding finding = lab.run(asked);
        CHECK(said_by(finding) == "body_mismatch/server");
        CHECK_THAT(finding.detail, Catch::Contains("was sent to localhost:" + login.port()));
    }
    RequestLab in_place("expect_status = [\"204\"]");
    const Finding finding =
        in_place.run(login.url("/answer?type=text/html&text=%3Cform%3Ein%3C/form%3E"));
    CHECK(said_by(finding) == "body_mismatch/server");
    CHECK_THAT(finding.detail, Catch::Contains("captive portal"));
}

TEST_CASE(
    "probe_http: an answer of another site counts if its body is the right one", "[probe_http]"
) {
    const WebServer other;
    const WebServer portal({"--portal", "http://localhost:" + other.port() + "/answer?text=welcome"}
    );
    CHECK(run_with("", portal.url("/")) == "body_mismatch/server");
    CHECK(run_with("redirects = 0\nexpect_status = [\"3xx\"]", portal.url("/")) == "ok");
    CHECK(run_with("expect_body = \"welcome\"", portal.url("/")) == "ok");
}

TEST_CASE("probe_http: hosts of one site", "[probe_http]") {
    const auto other = [](const std::string& asked, const std::string& answered) {
        probes::FetchReply reply;
        reply.url = answered;
        return probes::from_other_site(asked, reply);
    };
    CHECK_FALSE(other("http://shop.example/", "https://www.shop.example/de"));
    CHECK_FALSE(other("http://a.shop.example/", "http://b.shop.example:8080/"));
    CHECK_FALSE(other("http://192.0.2.1/", "http://192.0.2.1:81/"));
    CHECK_FALSE(other("http://box/", "http://box/"));
    CHECK(other("http://shop.example/", "http://login.hotspot.example/"));
    CHECK(other("http://192.0.2.1/", "http://198.51.2.1/"));
    CHECK(other("http://[2001:db8::1]/", "http://[2001:db8::2]/"));
    CHECK(other("http://box/", "http://gateway/"));
}

TEST_CASE("probe_http: errors of where a redirect leads are errors", "[probe_http]") {
    const WebServer server;
    const std::string there = "http://localhost:" + server.port() + "/answer%3Fstatus=";
    const auto ask = [&](const char* status) {
        return run_with("", server.url("/redirect?to=" + there + status));
    };
    CHECK(ask("404") == "bad_status/server");
    CHECK(ask("503") == "bad_status/server");
    CHECK(ask("511") == "body_mismatch/server");
}

TEST_CASE("probe_http: what could not be measured is a loss", "[probe_http]") {
    const WebServer server;
    RequestLab lab("timeout_s = 0.7");
    const Finding sound = lab.run(server.url("/answer?size=10&before=20"));
    CHECK(figure(sound, "net.http.ttfb", "code=2xx").values.at(0) >= 0.02);
    CHECK(figure(sound, "net.http.status").values.at(0) == 200);
    CHECK(figure(sound, "net.http.received").values.at(0) == 10);
    CHECK_FALSE(lost(sound, "net.http.duration"));
    CHECK(figure(sound, "net.http.result", "result=ok").values.at(0) == 1);

    const Finding silent = lab.run(server.url("/stall-head"));
    CHECK(said_by(silent) == "timeout/server");
    CHECK_FALSE(lost(silent, "net.http.connect"));
    CHECK(lost(silent, "net.http.ttfb"));
    CHECK(lost(silent, "net.http.transfer"));
    CHECK(lost(silent, "net.http.status"));
    CHECK(silent.figures.size() == sound.figures.size());

    const Finding half = lab.run(server.url("/stall-body"));
    CHECK(said_by(half) == "timeout/transfer");
    CHECK_FALSE(lost(half, "net.http.ttfb"));
    CHECK(lost(half, "net.http.transfer"));
    CHECK(lost(half, "net.http.duration"));

    const Finding missing = lab.run(server.url("/nowhere"));
    CHECK(figure(missing, "net.http.ttfb", "code=2xx").values.empty());
    CHECK(figure(missing, "net.http.ttfb", "code=4xx").values.size() == 1);

    CHECK_FALSE(lost(missing, "net.http.transfer"));

    const Finding noise = lab.run(server.url("/noise"));
    CHECK(said_by(noise) == "bad_status/server");
    CHECK_FALSE(lost(noise, "net.http.connect"));
    CHECK(lost(noise, "net.http.ttfb"));
    CHECK(lost(noise, "net.http.transfer"));
    CHECK(lost(noise, "net.http.duration"));

    const Finding dead = lab.run("http://127.0.0.1:1/");
    CHECK(said_by(dead) == "refused/connect");
    CHECK(lost(dead, "net.http.connect"));
    CHECK(dead.figures.size() == sound.figures.size());
}

TEST_CASE("probe_http: certificates that are out of date", "[probe_http]") {
    if (!TestCa::available()) {
        WARN("skipped: openssl is not installed");
        return;
    }
    const Certificates certificates;
    const CertificateFiles old = certificates.issue("old", "IP:127.0.0.1", -1);
    const WebServer server({"--certificate", old.certificate, "--key", old.key});
    RequestLab lab("ca_file = \"" + certificates.root().certificate + "\"");
    const Finding finding = lab.run(server.url("/answer", "https"));
    CHECK(said_by(finding) == "cert_expired/tls");
    CHECK_FALSE(lost(finding, "net.http.connect"));
    CHECK(lost(finding, "net.http.tls"));
    CHECK(run_with("tls_verify = false", server.url("/answer", "https")) == "ok");
    // Another host's, too: one verdict, as that of probe_tls, for a name and for an address.
    const CertificateFiles both = certificates.issue("both", "DNS:elsewhere.example", -1);
    const WebServer other({"--certificate", both.certificate, "--key", both.key});
    for (const char* host : {"127.0.0.1", "localhost"}) {
        const Finding wrong =
            lab.run("https://" + std::string(host) + ":" + other.port() + "/answer");
        CHECK(said_by(wrong) == "tls_error/tls");
        CHECK_THAT(wrong.detail, Catch::Contains("another host's, and it has expired"));
    }
}

TEST_CASE("probe_http: whoever goes leaves nothing behind", "[probe_http]") {
    const WebServer server;
    RequestLab lab("");
    for (const char* const path : {"/answer?size=100", "/stall-head", "/stall-body"}) {
        auto run = lab.source.make_run({"t", server.url(path)}, lab.context);
        run->begin([](const Finding&) { FAIL("told after its end"); });
        lab.loop.poll();
        run.reset();
        lab.loop.poll();
    }
}

}  // namespace cxedge::test
