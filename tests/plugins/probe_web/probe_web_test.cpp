// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/probe_web.hpp"

#include <fstream>
#include <set>

#include <fmt/core.h>

#include "plugins/probe_web/web_finding.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/slowness.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/web_server.hpp"

namespace cxedge::test {
namespace {

using plugins::ProbeWeb;
using probes::Finding;

// Nobody is asked but whom a test runs.
struct Lab : ProbeLab<ProbeWeb> {
    explicit Lab(const std::string& settings)
        : ProbeLab("targets = \"http://203.0.113.1/\"\n" + settings) {}
};

std::string said(const Finding& finding) {
    const std::string result(probes::to_string(finding.result));
    return finding.step.empty() ? result : result + "/" + finding.step;
}

// A server with a page of these tags, at /files/page.html.
struct Site {
    explicit Site(const std::string& tags) : server({"--root", folder.path().string()}) {
        set(tags);
    }
    void set(const std::string& tags) {
        std::ofstream(folder.file("page.html")) << "<html><body>" << tags << "</body></html>";
    }
    [[nodiscard]] std::string page() const { return server.url("/files/page.html"); }

    TempDir folder;
    WebServer server;
};

double value(const Finding& finding, const std::string& metric, const std::string& dim = {}) {
    return figure(finding, metric, dim).values.at(0);
}

double failures(const Finding& finding, const std::string& step) {
    return value(finding, "kqi.web.failure", "step=" + step);
}

}  // namespace

TEST_CASE("probe_web does what its cases say", "[probe_web]") {
    check_plugin({"probe_web", make_source<ProbeWeb>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("probe_web: a page comes with its parts, six at a time", "[probe_web]") {
    std::string tags = "<link rel=stylesheet href=/answer?size=500>";
    for (int i = 0; i < 24; ++i) {
        tags += fmt::format("<img src='/answer?size=1000&amp;before=100&amp;i={}'>", i);
    }
    Site site(tags);
    Lab lab("resources = [\"/answer?size=250\"]");
    const Finding page = lab.run(site.page());
    CHECK(said(page) == "ok");
    const auto document =
        static_cast<double>(tags.size() + std::string("<html><body></body></html>").size());
    CHECK(value(page, "kqi.web.page_parts") == 26);
    CHECK(value(page, "kqi.web.page_size") == document + 500 + 24'000 + 250);
    CHECK(value(page, "kqi.web.page_response.success") == 1);
    CHECK(value(page, "kqi.web.page_browsing.success") == 1);
    const double browsing = value(page, "kqi.web.page_browsing.delay");
    const double response = value(page, "kqi.web.page_response.delay");
    fmt::print(
        "24 images of 100 ms, 6 at a time: response {:.1f} ms, browsing {:.1f} ms\n",
        1e3 * response,
        1e3 * browsing
    );
    CHECK(response < browsing);
    CHECK(browsing >= 0.4);            // four rounds
    CHECK(browsing < 2 * slowness());  // in a row they would take 2.4 s
    const double bits = 8 * value(page, "kqi.web.page_size");
    CHECK(value(page, "kqi.web.page_download.rate") == Approx(bits / browsing));
    std::set<std::string> peers;
    for (int i = 0; i < 27; ++i) {
        const std::string line = site.server.request_with("peer=").value_or("");
        peers.insert(line.substr(line.find("peer=")));
    }
    CHECK(peers.size() <= 6);
}

TEST_CASE("probe_web: parts begin before the document ends", "[probe_web]") {
    Site site("");
    const std::string text = "<img src=/answer?size=10>" + std::string(20'000, ' ');
    std::string escaped;
    for (const char c : text) {
        escaped += c == '<' ? "%3C" : c == '>' ? "%3E" : c == ' ' ? "+" : std::string(1, c);
    }
    Lab lab("timeout_s = 1.5");
    // The second half never comes in time.
    const Finding page = lab.run(site.server.url("/answer?during=5000&text=" + escaped));
    CHECK(said(page) == "timeout/transfer");
    CHECK(value(page, "kqi.web.page_response.success") == 1);
    CHECK(value(page, "kqi.web.page_browsing.success") == 0);
    CHECK(figure(page, "kqi.web.page_browsing.delay").values.empty());
    CHECK(site.server.request_with("/answer?size=10").has_value());
}

TEST_CASE("probe_web: the guilty step of each kind of bad page", "[probe_web]") {
    Site site("");
    Lab lab("timeout_s = 0.8");
    CHECK(said(lab.run(site.server.url("/stall-head"))) == "timeout/server");
    CHECK(said(lab.run(site.server.url("/truncate"))) == "refused/transfer");
    CHECK(said(lab.run("http://127.0.0.1:1/")) == "refused/connect");
    // RFC 7686: no name server is asked for it.
    CHECK(said(lab.run("http://nowhere.onion/")) == "dns_error/dns");
    const Finding missing = lab.run(site.server.url("/nowhere"));
    CHECK(said(missing) == "bad_status/server");
    CHECK(value(missing, "kqi.web.page_response.attempt") == 1);
    CHECK(value(missing, "kqi.web.page_response.success") == 0);
    CHECK(failures(missing, "server") == 1);

    site.set("<img src=/answer?size=10><img src=/stall-body>");
    const Finding stalls = lab.run(site.page());
    CHECK(said(stalls) == "timeout/transfer");
    CHECK_THAT(
        stalls.detail, Catch::Contains("1 of 2 parts failed") && Catch::Contains("/stall-body")
    );
    CHECK(value(stalls, "kqi.web.page_response.success") == 1);
    CHECK(failures(stalls, "transfer") == 1);
    CHECK(stalls.figures.size() == missing.figures.size());

    site.set("<img src=/nowhere.png><img src=http://127.0.0.1:1/x.png><img src=/answer?size=10>");
    const Finding two = lab.run(site.page());
    CHECK(failures(two, "server") == 1);
    CHECK(failures(two, "connect") == 1);
    CHECK(value(two, "kqi.web.page_browsing.success") == 0);
    Lab tolerant("max_failed = 2");
    CHECK(said(tolerant.run(site.page())) == "ok");
    Lab strict("max_failed = 1");
    CHECK(said(strict.run(site.page())) != "ok");
}

TEST_CASE("probe_web: what is relative is so to where redirects led", "[probe_web]") {
    Site site("<img src=part.png>");
    std::ofstream(site.folder.file("part.png")) << "picture";
    Lab lab("");
    const Finding page = lab.run(site.server.url("/redirect?to=/files/page.html"));
    CHECK(said(page) == "ok");
    CHECK(site.server.request_with("/files/part.png").has_value());
}

TEST_CASE("probe_web: limits of a page", "[probe_web]") {
    std::string tags;
    for (int i = 0; i < 10; ++i) {
        tags += fmt::format("<img src='/answer?size=100000&amp;i={}'>", i);
    }
    const Site site(tags);
    Lab few("max_resources = 3");
    const Finding some = few.run(site.page());
    CHECK(said(some) == "ok");
    CHECK(value(some, "kqi.web.page_parts") == 3);
    Lab small("max_page_kib = 300");
    const Finding large = small.run(site.page());
    CHECK(said(large) == "capped/transfer");
    CHECK_THAT(large.detail, Catch::Contains("max_page_kib"));
    Lab one("max_page_kib = 1");
    CHECK(said(one.run(site.server.url("/answer?size=5000000"))) == "capped/transfer");
}

TEST_CASE("probe_web: a log-in page that stands in the way is not the page", "[probe_web]") {
    Site site("<form>who are you?</form><img src=/answer?size=10>");
    // Another name of the same box: to a browser, another host.
    const std::string there = "http://localhost:" + site.server.port() + "/files/page.html";
    const WebServer portal({"--portal", there});
    Lab lab("");
    const Finding elsewhere = lab.run(portal.url("/"));
    CHECK(said(elsewhere) == "body_mismatch/server");
    CHECK_THAT(elsewhere.detail, Catch::Contains("was sent to localhost:" + site.server.port()));
    CHECK(value(elsewhere, "kqi.web.page_response.success") == 0);
    CHECK(value(elsewhere, "kqi.web.page_browsing.success") == 0);
    CHECK(figure(elsewhere, "kqi.web.page_size").values.empty());
    // Answered in its place: only who knows the page can tell.
    Lab expects("expect_body = \"welcome to the shop\"");
    const Finding in_place = expects.run(site.page());
    CHECK(said(in_place) == "body_mismatch/server");
    CHECK_THAT(in_place.detail, Catch::Contains("captive portal"));
    site.set("welcome to the shop");
    CHECK(said(expects.run(site.page())) == "ok");
    CHECK(said(expects.run(portal.url("/"))) == "ok");
    site.set("an empty page");
    CHECK(expects.run(site.page()).detail == "the page does not hold expect_body");
}

TEST_CASE("probe_web: an end of the budget is no failure of the page", "[probe_web]") {
    const plugins::PartVerdict spent{"x", probes::ProbeResult::capped, "transfer", "used up"};
    plugins::PageLoad page;
    page.document.emplace().status = 200;
    page.parts = 2;
    page.failed = {{"y", probes::ProbeResult::refused, "connect", "refused"}, spent};
    const Finding part = plugins::web_finding(page, 0);
    CHECK(said(part) == "capped/transfer");
    CHECK(figure(part, "kqi.web.page_browsing.attempt").values.empty());
    CHECK(figure(part, "kqi.web.page_browsing.success").values.empty());
    CHECK(value(part, "kqi.web.page_response.attempt") == 1);
    CHECK(value(part, "kqi.web.page_response.success") == 1);
    CHECK(failures(part, "transfer") == 0);
    CHECK(failures(part, "connect") == 1);
    // Before the document had been answered.
    page.document.reset();
    const Finding early = plugins::web_finding(page, 0);
    CHECK(figure(early, "kqi.web.page_response.attempt").values.empty());
    CHECK(figure(early, "kqi.web.page_response.success").values.empty());
    CHECK(early.figures.size() == part.figures.size());
}

TEST_CASE("probe_web: whoever goes leaves nothing behind", "[probe_web]") {
    Site site("<img src=/stall-body><img src=/stall-head><img src=/answer?size=10>");
    Lab lab("");
    for (int turns = 1; turns < 12; turns += 2) {
        auto run = lab.source.make_run({"t", site.page()}, lab.context);
        run->begin([](const Finding&) { FAIL("told after its end"); });
        const LoopHandle stop = lab.loop.after(std::chrono::milliseconds(10 * turns), [&] {
            run.reset();
            lab.loop.stop();
        });
        lab.loop.run();
        lab.loop.poll();
    }
}

}  // namespace cxedge::test
