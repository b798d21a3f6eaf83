// SPDX-License-Identifier: Apache-2.0
// Over lines of which the truth is known.
#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/core.h>

#include "plugins/_probes/http_fetch_job.hpp"
#include "plugins/probe_http/probe_http.hpp"

#include "tests/plugins/probe_http/fetch_lab.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/net_namespace.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/slowness.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/web_server.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::ProbeHttp;
using probes::Finding;

// Nobody is asked but whom a test runs.
struct Lab : ProbeLab<ProbeHttp> {
    explicit Lab(const std::string& settings)
        : ProbeLab("targets = \"http://203.0.113.1/\"\n" + settings) {}
};

bool has_network() {
    if (!ImpairedLink::available()) {
        WARN("skipped: needs root, iproute2 and /dev/net/tun");
        return false;
    }
    return true;
}

WebServer server_in(
    const NetNamespace& there, const std::string& address, std::vector<std::string> options = {}
) {
    options.insert(options.end(), {"--bind", address});
    return {there.inside(WebServer::command(options)), address};
}

double seconds(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

double middle(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

std::string said(const Finding& finding) {
    const std::string result(probes::to_string(finding.result));
    return finding.step.empty() ? result : result + "/" + finding.step;
}

}  // namespace

TEST_CASE("probe_http: connecting takes one round trip, as does TLS", "[probe_http]") {
    if (!has_network() || !TestCa::available()) {
        return;
    }
    const NetNamespace shop;
    const NetNamespace centre;
    Impairment way;
    way.delay = 20ms;
    const ImpairedLink link(shop, centre, way, way);
    const TestCa ca;
    const CertificateFiles files = ca.issue("server", "IP:" + link.ipv4(End::b));
    const WebServer server = server_in(
        centre, link.ipv4(End::b), {"--certificate", files.certificate, "--key", files.key}
    );
    const NetNamespace::Inside inside(shop);
    Lab lab("ca_file = \"" + ca.certificate() + "\"\ninterface = \"" + link.device() + "\"");
    std::vector<double> connect;
    std::vector<double> tls;
    std::vector<double> ttfb;
    for (int i = 0; i < 11; ++i) {
        const Finding finding = lab.run(server.url("/answer?text=hello", "https"));
        REQUIRE(said(finding) == "ok");
        connect.push_back(figure(finding, "net.http.connect").values.at(0));
        tls.push_back(figure(finding, "net.http.tls").values.at(0));
        ttfb.push_back(figure(finding, "net.http.ttfb").values.at(0));
    }
    const double truth = seconds(percentile(link.delays(Direction::a_to_b), 0.5)) +
                         seconds(percentile(link.delays(Direction::b_to_a), 0.5));
    fmt::print(
        "median ms: round trip of the line {:.3f}, connect {:.3f}, tls {:.3f}, ttfb {:.3f}\n",
        1e3 * truth,
        1e3 * middle(connect),
        1e3 * middle(tls),
        1e3 * middle(ttfb)
    );
    CHECK(middle(connect) == Approx(truth).margin(0.002 * slowness() + 0.01 * truth));
    // The server computes in these.
    CHECK(middle(tls) >= 0.99 * truth);
    CHECK(middle(tls) < truth + 0.025 * slowness());
    CHECK(middle(ttfb) >= 0.99 * truth);
    CHECK(middle(ttfb) < truth + 0.025 * slowness());
}

TEST_CASE("probe_http: networks that lead nowhere", "[probe_http]") {
    if (!has_network()) {
        return;
    }
    const NetNamespace shop;
    const NetNamespace centre;
    Impairment dead;
    dead.black_hole = true;
    const ImpairedLink link(shop, centre, dead, {});
    shop.ip({"route", "add", "blackhole", "198.51.100.0/24"});
    shop.ip({"route", "add", "unreachable", "203.0.113.0/24"});
    const NetNamespace::Inside inside(shop);
    Lab lab("timeout_s = 1");
    const Finding silent = lab.run("http://" + link.ipv4(End::b) + "/");
    CHECK(said(silent) == "timeout/connect");
    CHECK_THAT(silent.detail, Catch::Contains("does not answer"));
    CHECK(said(lab.run("http://198.51.100.1/")) == "no_route/connect");
    CHECK(said(lab.run("http://203.0.113.1/")) == "no_route/connect");
    shop.ip({"route", "add", "prohibit", "192.0.2.128/25"});
    const Finding prohibited = lab.run("http://192.0.2.129/");
    CHECK(said(prohibited) == "no_route/connect");
    CHECK_THAT(prohibited.detail, Catch::Contains("prohibits"));
    CHECK(said(lab.run("http://192.0.2.1/")) == "no_route/connect");
    CHECK(said(lab.run("http://[2001:db8::1]/")) == "no_route/connect");
    CHECK(said(lab.run("http://shop.example/")) == "dns_error/dns");
    Lab elsewhere("interface = \"lte0\"");
    CHECK(said(elsewhere.run("http://" + link.ipv4(End::b) + "/")) == "no_route/connect");
}

TEST_CASE("probe_http: IPv6", "[probe_http]") {
    if (!has_network()) {
        return;
    }
    const NetNamespace shop;
    const NetNamespace centre;
    const ImpairedLink link(shop, centre, {}, {});
    const WebServer server = server_in(centre, link.ipv6(End::b));
    const NetNamespace::Inside inside(shop);
    Lab lab("");
    CHECK(said(lab.run(server.url("/answer"))) == "ok");
}

// Of a name with two addresses the first one answers after the second was asked, too (RFC 8305).
TEST_CASE("probe_http: what is told is of the connection that won", "[probe_http]") {
    if (!has_network()) {
        return;
    }
    const NetNamespace shop;
    const NetNamespace centre;
    Impairment way;
    way.delay = 150ms;  // libcurl waits 200 ms for the first (CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS)
    const ImpairedLink link(shop, centre, way, way);
    const WebServer server = server_in(centre, link.ipv6(End::b));
    const NetNamespace::Inside inside(shop);
    FetchLab lab;
    const auto engine = std::make_shared<probes::FetchEngine>(lab.context);
    engine->remember(
        "shop.example",
        {*SocketAddress::parse(link.ipv6(End::b)), *SocketAddress::parse(link.ipv4(End::b))}
    );
    probes::FetchRequest request;
    request.url = "http://shop.example:" + server.port() + "/answer?text=hello";
    std::shared_ptr<probes::FetchJob> job;
    std::optional<probes::FetchProgress> seen;
    std::string end;
    job = std::make_shared<probes::FetchJob>(
        engine,
        request,
        [&](std::string_view) {
            seen = job->progress();
            return true;
        },
        [&](const probes::FetchReply& reply) {
            end = verdict(reply) + " from " + reply.address;
            lab.loop.stop();
        }
    );
    engine->enlist(job);
    // Lower numbers get free once both sockets are open, so that none gets that of the loser.
    std::array<UniqueFd, 8> lower;
    for (UniqueFd& each : lower) {
        each = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    const LoopHandle both_open = lab.loop.after(250ms, [&] { lower = {}; });
    job->begin();
    lab.loop.run();
    CHECK(end == "ok from " + link.ipv6(End::b));
    REQUIRE(seen);
    CHECK(seen->round_trip >= 250ms);
    engine->shut();
}

// Counted is what went over the line, headers of IP and TCP included.
TEST_CASE("probe_http: a budget is what the line carries", "[probe_http]") {
    if (!has_network()) {
        return;
    }
    const NetNamespace shop;
    const NetNamespace centre;
    Impairment way;
    way.delay = 10ms;
    constexpr std::uint64_t kBudget = 400'000;
    const ImpairedLink link(shop, centre, way, way);
    const WebServer server = server_in(centre, link.ipv4(End::b));
    const NetNamespace::Inside inside(shop);
    probes::BudgetLimits limits;
    limits.test_bytes = kBudget;
    const auto carried = [&] {
        return link.truth(Direction::a_to_b).bytes + link.truth(Direction::b_to_a).bytes;
    };
    SECTION("down") {
        FetchLab lab(limits);
        const probes::FetchReply reply = lab.get(server.url("/answer?size=50000000"));
        CHECK(verdict(reply) == "capped/transfer");
        lab.pool.reset();
        CHECK(link.await(Direction::b_to_a, 1, 5s));
        fmt::print(
            "down: budget {}, line {}, meter {}\n", kBudget, carried(), lab.meter.used().bytes
        );
    }
    SECTION("up") {
        FetchLab lab(limits);
        probes::FetchRequest noise;
        noise.url = server.url("/count");
        noise.method = "POST";
        noise.send_bytes = 50'000'000;
        CHECK(verdict(lab.get(noise)) == "capped/transfer");
        lab.pool.reset();
        CHECK(link.await(Direction::a_to_b, 1, 5s));
        fmt::print(
            "up: budget {}, line {}, meter {}\n", kBudget, carried(), lab.meter.used().bytes
        );
    }
    SECTION("many small ones") {
        FetchLab lab(limits);
        int count = 0;
        while (lab.get(server.url("/answer?size=3000")).result == probes::ProbeResult::ok) {
            ++count;
        }
        CHECK(count > 60);
        fmt::print("{} small ones: line {}, meter {}\n", count, carried(), lab.meter.used().bytes);
    }
    CHECK(carried() > kBudget * 8 / 10);
    CHECK(carried() < kBudget + 16'384);
}

}  // namespace cxedge::test
