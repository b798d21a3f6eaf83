// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "plugins/_probes/http_fetch_trust.hpp"

#include "tests/plugins/probe_http/fetch_lab.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/web_server.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using probes::Fetch;
using probes::FetchReply;
using probes::FetchRequest;
using probes::ProbeResult;

constexpr auto kShort = 700ms;  // for what does not answer

std::size_t open_files() {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

FetchRequest request_of(const std::string& url) {
    FetchRequest request;
    request.url = url;
    return request;
}

}  // namespace

TEST_CASE("http_fetch: each way to answer badly has its word and its step", "[probe_http]") {
    const WebServer server;
    FetchLab lab;
    CHECK(verdict(lab.get(server.url("/answer?size=10"))) == "ok");
    CHECK(lab.body == "xxxxxxxxxx");
    CHECK(verdict(lab.get(server.url("/stall-head"), kShort)) == "timeout/server");
    CHECK(verdict(lab.get(server.url("/stall-body"), kShort)) == "timeout/transfer");
    CHECK(lab.body == "0123456789");
    CHECK(verdict(lab.get(server.url("/drip?every=100"), kShort)) == "timeout/transfer");
    CHECK(verdict(lab.get(server.url("/truncate"))) == "refused/transfer");
    CHECK(verdict(lab.get(server.url("/close"))) == "refused/server");
    CHECK(verdict(lab.get(server.url("/reset"))) == "refused/transfer");
    CHECK(verdict(lab.get(server.url("/noise"))) == "bad_status/server");
    CHECK(verdict(lab.get(server.url("/endless-head"))) == "bad_status/server");
    const FetchReply large = lab.get(server.url("/large-head"));
    CHECK(verdict(large) == "bad_status/server");
    CHECK_THAT(large.detail, Catch::Contains("head is too large"));
    const FetchReply chunk = lab.get(server.url("/bad-chunk"));
    CHECK(chunk.result == probes::ProbeResult::bad_status);
    CHECK_THAT(chunk.detail, Catch::Contains("does not speak HTTP"));
    const FetchReply missing = lab.get(server.url("/nowhere"));
    CHECK(verdict(missing) == "ok");
    CHECK(missing.status == 404);
    CHECK(lab.body == "no page\n");
}

TEST_CASE("http_fetch: who cannot be reached", "[probe_http]") {
    FetchLab lab;
    const FetchReply refused = lab.get("http://127.0.0.1:1/");
    CHECK(verdict(refused) == "refused/connect");
    CHECK_THAT(refused.detail, Catch::StartsWith("127.0.0.1:1: refuses the connection"));
    CHECK(refused.address == "127.0.0.1");
    // RFC 7686: no name server is asked for it.
    CHECK(verdict(lab.get("http://nowhere.onion/")) == "dns_error/dns");
    FetchRequest other = request_of("http://127.0.0.1:1/");
    other.family = probes::Family::v6;
    CHECK(verdict(lab.get(other)) == "dns_error/dns");
    CHECK(verdict(lab.get("ftp://127.0.0.1/")) == "bad_status/server");
}

TEST_CASE("http_fetch: redirects are followed one by one", "[probe_http]") {
    const WebServer server;
    FetchLab lab;
    const FetchReply followed =
        lab.get(server.url("/redirect?before=50&to=/redirect%3Fbefore=50%26to=/answer%3Ftext=there")
        );
    CHECK(verdict(followed) == "ok");
    CHECK(followed.redirects == 2);
    CHECK(followed.url == server.url("/answer?text=there"));
    CHECK(lab.body == "there");
    CHECK(followed.times.redirect >= 100ms);
    CHECK(followed.times.ttfb >= 100ms);
    CHECK(followed.times.total >= followed.times.redirect);

    const FetchReply circle = lab.get(server.url("/loop"));
    CHECK(verdict(circle) == "bad_status/server");
    CHECK(circle.redirects == 5);
    CHECK(circle.status == 302);
    CHECK(verdict(lab.get(server.url("/redirect?to=file:///etc/passwd"))) == "bad_status/server");

    FetchRequest none = request_of(server.url("/redirect?to=/answer"));
    none.redirects = 0;
    const FetchReply not_followed = lab.get(none);
    CHECK(verdict(not_followed) == "ok");
    CHECK(not_followed.status == 302);
    CHECK(not_followed.location == "/answer");
    CHECK(lab.body == "moved");
}

TEST_CASE("http_fetch: a redirect is followed before its body ends", "[probe_http]") {
    const WebServer server;
    probes::BudgetLimits limits;
    limits.test_bytes = 5'000'000;
    FetchLab lab(limits);
    const std::string there = "&to=/answer%3Ftext=there";
    CHECK(verdict(lab.get(server.url("/redirect?body=500000000" + there))) == "ok");
    CHECK(lab.body == "there");
    const FetchReply whole = lab.get(server.url("/redirect?body=10000" + there));
    CHECK(verdict(whole) == "ok");
    CHECK(whole.reused);
}

TEST_CASE("http_fetch: headers stay with the server they are for", "[probe_http]") {
    const WebServer server;
    WebServer elsewhere;
    FetchLab lab;
    FetchRequest secret = request_of(server.url("/redirect?to=" + elsewhere.url("/answer")));
    secret.headers = {{"X-Key", "secret"}};
    CHECK(lab.get(secret).status == 200);
    CHECK_THAT(elsewhere.request_with("/answer").value_or(""), Catch::Contains("key=none"));
}

TEST_CASE("http_fetch: bodies that are sent", "[probe_http]") {
    const WebServer server;
    FetchLab lab;
    FetchRequest text = request_of(server.url("/count"));
    text.method = "POST";
    text.body = "abc";
    CHECK(lab.get(text).sent == 3);
    CHECK(lab.body == "POST 3 bytes, 3 different");

    FetchRequest noise = request_of(server.url("/count"));
    noise.method = "PUT";
    noise.send_bytes = 3'000'001;
    CHECK(verdict(lab.get(noise)) == "ok");
    CHECK(lab.body == "PUT 3000001 bytes, 256 different");

    for (const char* const method : {"POST", "PUT"}) {
        FetchRequest nothing = request_of(server.url("/count"));
        nothing.method = method;
        CHECK(lab.get(nothing).status == 200);
        CHECK(lab.body == std::string(method) + " 0 bytes, 0 different");
    }
}

TEST_CASE("http_fetch: a body may be cut short", "[probe_http]") {
    const WebServer server;
    FetchLab lab;
    FetchRequest some = request_of(server.url("/answer?size=5000000"));
    some.max_bytes = 1'000;
    const FetchReply cut = lab.get(some);
    CHECK(verdict(cut) == "ok");
    CHECK(cut.received == 1'000);
    CHECK(lab.body.size() == 1'000);
}

TEST_CASE("http_fetch: connections are shared, if they may be", "[probe_http]") {
    WebServer server;
    FetchLab lab;
    CHECK_FALSE(lab.get(server.url("/answer?size=1")).reused);
    const FetchReply second = lab.get(server.url("/answer?size=1"));
    CHECK(second.reused);
    CHECK(second.times.connect == 0us);
    FetchRequest anew = request_of(server.url("/answer?size=1"));
    anew.new_connection = true;
    const FetchReply third = lab.get(anew);
    CHECK_FALSE(third.reused);
    CHECK(third.times.connect > 0us);
}

TEST_CASE("http_fetch: certificates", "[probe_http]") {
    if (!TestCa::available()) {
        WARN("skipped: openssl is not installed");
        return;
    }
    const TestCa ca;
    const auto server_of = [&](const CertificateFiles& files) {
        return std::vector<std::string>{"--certificate", files.certificate, "--key", files.key};
    };
    const WebServer good(server_of(ca.issue("good", "IP:127.0.0.1")));
    const WebServer other(server_of(ca.issue("other", "DNS:elsewhere.example")));
    const WebServer plain;
    const WebServer mute({"--mute"});
    FetchLab lab;
    const auto ask = [&](const WebServer& server, bool known, bool verify = true) {
        FetchRequest request = request_of(server.url("/answer?size=1", "https"));
        request.ca_file = known ? ca.certificate() : "";
        request.tls_verify = verify;
        request.timeout = 2s;
        request.new_connection = true;
        return lab.get(request);
    };
    const FetchReply sound = ask(good, true);
    CHECK(verdict(sound) == "ok");
    CHECK(sound.times.tls > 0us);
    CHECK(sound.times.tls + sound.times.connect + sound.times.ttfb <= sound.times.total);
    CHECK(verdict(ask(good, false)) == "tls_error/tls");
    CHECK(verdict(ask(good, false, false)) == "ok");
    const FetchReply name = ask(other, true);
    CHECK(verdict(name) == "tls_error/tls");
    CHECK_THAT(name.detail, Catch::Contains("another host's"));
    CHECK(verdict(ask(plain, true)) == "tls_error/tls");
    CHECK(verdict(ask(mute, true)) == "timeout/tls");
    const WebServer old({"--old"});
    CHECK_THAT(ask(old, true).detail, Catch::Contains("older than 1.2"));
    FetchRequest lost = request_of(good.url("/answer?size=1", "https"));
    lost.ca_file = "/nonexistent";
    CHECK(verdict(lab.get(lost)) == "tls_error/tls");
}

TEST_CASE(
    "http_fetch: whoever is in ca_file is trusted, also one signed by others", "[probe_http]"
) {
    if (!TestCa::available()) {
        WARN("skipped: openssl is not installed");
        return;
    }
    const TestCa ca;
    const CertificateFiles files = ca.issue("server", "IP:127.0.0.1");
    const WebServer server({"--certificate", files.certificate, "--key", files.key});
    FetchLab lab;
    FetchRequest request = request_of(server.url("/answer?size=1", "https"));
    request.ca_file = files.certificate;
    CHECK(verdict(lab.get(request)) == "ok");
}

TEST_CASE("http_fetch: trusted certificates stay while somebody needs them", "[probe_http]") {
    if (!TestCa::available()) {
        WARN("skipped: openssl is not installed");
        return;
    }
    const TestCa ca;
    const TempDir folder;
    const std::string file = folder.file("trusted.crt");
    std::filesystem::copy_file(ca.certificate(), file);
    const std::shared_ptr<void> before = probes::trusted_store(file);
    REQUIRE(before);
    CHECK(probes::trusted_store(file) == before);
    std::ofstream(file, std::ios::app) << "\n";
    const std::shared_ptr<void> after = probes::trusted_store(file);
    REQUIRE(after);
    CHECK(after != before);
    CHECK(before.use_count() == 1);
}

TEST_CASE("http_fetch: a budget ends a transfer, in both directions", "[probe_http]") {
    const WebServer server;
    probes::BudgetLimits limits;
    limits.test_bytes = 300'000;
    FetchLab down(limits);
    const FetchReply received = down.get(server.url("/answer?size=50000000"));
    CHECK(verdict(received) == "capped/transfer");
    CHECK(received.received > 100'000);        // more has arrived that nobody has taken
    CHECK(down.meter.used().bytes < 370'000);  // a segment of the loopback is 64 KiB
    CHECK(verdict(down.get(server.url("/answer?size=1"))) == "capped/dns");

    FetchLab up(limits);
    FetchRequest noise = request_of(server.url("/count"));
    noise.method = "POST";
    noise.send_bytes = 50'000'000;
    const FetchReply sent = up.get(noise);
    CHECK(verdict(sent) == "capped/transfer");
    CHECK(sent.sent < 370'000);
}

TEST_CASE("http_fetch: whoever goes leaves nothing behind", "[probe_http]") {
    const WebServer server;
    const std::size_t before = open_files();
    for (const char* const path : {"/answer?size=1000000", "/stall-head", "/stall-body"}) {
        for (const int when : {0, 1, 2, 3, 4}) {
            FetchLab lab;
            std::optional<Fetch> fetch;
            const auto drop = [&](int at) {
                if (at == when) {
                    when % 2 == 0 ? fetch.reset() : lab.pool.reset();
                    lab.loop.stop();
                }
            };
            fetch = lab.pool->get(
                request_of(server.url(path)),
                [&](std::string_view) {
                    drop(2);
                    drop(3);
                    return true;
                },
                [&](const FetchReply&) {
                    drop(4);
                    lab.loop.stop();
                }
            );
            const LoopHandle later = lab.loop.after(when < 2 ? 20ms : 500ms, [&] {
                drop(0);
                drop(1);
                lab.loop.stop();
            });
            lab.loop.run();
            lab.loop.poll();
        }
    }
    CHECK(open_files() == before);
}

}  // namespace cxedge::test
