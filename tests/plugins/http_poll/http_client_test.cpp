// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client.hpp"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>

#include "plugins/_devices/http_client_url.hpp"

#include "tests/plugins/http_poll/threaded_host.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_device.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

using devices::HttpCall;
using devices::HttpClient;
using devices::HttpReply;
using devices::HttpTask;

using Names = std::vector<std::string>;

Result<Names> nobody_is_known(const std::string& name) {
    return unavailable("asked for " + name);
}

// Asks and waits; the body, or "error ...".
std::string ask(FakeHost& host, HttpClient& client, HttpCall call) {
    std::optional<std::string> got;
    const HttpTask task = client.ask(std::move(call), [&](const Result<HttpReply>& reply) {
        got = reply ? reply->body : "error " + reply.error().message;
    });
    CHECK(host.run_until([&] { return got.has_value(); }));
    return got.value_or("nothing");
}

std::string ask(const HttpDevice& device, const std::string& path) {
    FakeHost host;
    HttpClient client(host, nobody_is_known);
    HttpCall call;
    call.url = device.url(path);
    call.access.timeout = std::chrono::milliseconds(700);
    call.access.max_body_kib = 64;
    return ask(host, client, std::move(call));
}

std::string without(std::string text, const std::string& part) {
    const std::size_t at = text.find(part);
    return at == std::string::npos ? text : text.erase(at, part.size());
}

HttpCall signed_call(const HttpDevice& device, const TempDir& dir, const std::string& path) {
    std::ofstream(dir.file("password")) << "open sesame\r\nsecond line\n";
    HttpCall call;
    call.url = device.url(path);
    call.access.user = "counter";
    call.access.password_file = dir.file("password");
    call.access.headers = {{"X-Key", "very-secret"}};
    return call;
}

// Holds whoever looks up a name until it is let go.
class HungNames {
public:
    Result<Names> look_up(const std::string& name) {
        std::unique_lock lock(mutex_);
        ++asked_;
        free_.wait(lock, [&] { return released_ || name.starts_with("quick"); });
        return Names{"127.0.0.1"};
    }
    void release() {
        const std::lock_guard lock(mutex_);
        released_ = true;
        free_.notify_all();
    }
    int asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    std::mutex mutex_;
    std::condition_variable free_;
    bool released_ = false;
    int asked_ = 0;
};

}  // namespace

TEST_CASE("http client: what devices do wrong is said in words", "[http_client]") {
    const HttpDevice device;
    const std::string who = "error 127.0.0.1:" + device.port() + ": ";
    CHECK(ask(device, "/search") == R"({"in":1})");
    CHECK(ask(device, "/nowhere") == who + "404: no such page");
    CHECK(ask(device, "/basic") == who + "401: user or password is wrong");
    CHECK(ask(device, "/500") == who + "500: the device has a problem");
    CHECK(ask(device, "/stall") == who + "no complete answer in time");
    CHECK(ask(device, "/drip") == who + "no complete answer in time");
    CHECK(ask(device, "/truncated") == who + "the answer ended too early");
    CHECK(ask(device, "/closed") == who + "closed the connection without an answer");
    CHECK(ask(device, "/garbage") == who + "what answers there does not speak HTTP");
    CHECK(ask(device, "/huge") == who + "the answer is larger than max_body_kib");
    CHECK(ask(device, "/huge-length") == who + "the answer is larger than max_body_kib");
    CHECK(ask(device, "/endless-head") == who + "the answer's head has no end");
}

TEST_CASE("http client: redirects lead to HTTP only and not far", "[http_client]") {
    const HttpDevice device;
    const std::string who = "error 127.0.0.1:" + device.port() + ": ";
    CHECK(ask(device, "/redirect?to=/search") == R"({"in":1})");
    CHECK(ask(device, "/redirect?status=307&to=search") == R"({"in":1})");
    CHECK(
        ask(device, "/redirect?to=file:///etc/passwd") ==
        who + "redirects to what must begin with http:// or https://"
    );
    CHECK(ask(device, "/redirect?to=gopher://127.0.0.1/").starts_with(who + "redirects to"));
    CHECK(ask(device, "/redirect?to=http://a:b@127.0.0.1/").starts_with(who + "redirects to what"));
    const std::string loop =
        "/redirect?to=/redirect%3Fto%3D/redirect%253Fto%253D/redirect%25253F"
        "to%25253D/search";
    CHECK(ask(device, loop) == who + "redirects more than three times");
    CHECK(
        ask(device, "/redirect?to=http://elsewhere.test/") ==
        "error elsewhere.test: asked for elsewhere.test"
    );
}

TEST_CASE("http client: signs in as the device asks", "[http_client]") {
    HttpDevice device;
    const TempDir dir;
    FakeHost host;
    HttpClient client(host, nobody_is_known);
    for (const char* path : {"/basic", "/digest"}) {
        CHECK(
            ask(host, client, signed_call(device, dir, path)).find("axis-1") != std::string::npos
        );
    }
    HttpCall post = signed_call(device, dir, "/digest");
    post.method = "POST";
    post.body = "<search/>";
    post.access.auth = "digest";
    CHECK(ask(host, client, post).find("axis-1") != std::string::npos);
    CHECK(device.request_with("POST /digest auth=digest key=very-secret body=<search/>"));
    HttpCall wrong = signed_call(device, dir, "/digest");
    wrong.access.user = "somebody";
    CHECK(ask(host, client, wrong).ends_with("401: user or password is wrong"));
    wrong.access.password_file = dir.file("none");
    CHECK(ask(host, client, wrong).ends_with("none: no such file"));
}

TEST_CASE("http client: credentials stay with the host they are for", "[http_client]") {
    HttpDevice device;
    HttpDevice other;
    const TempDir dir;
    FakeHost host;
    HttpClient client(host, nobody_is_known);
    const std::string there = "/redirect?to=" + other.url("/search");
    HttpCall call = signed_call(device, dir, there);
    call.access.auth = "basic";
    CHECK(ask(host, client, call) == R"({"in":1})");
    CHECK(device.request_with("auth=basic key=very-secret"));
    CHECK(other.request_with("GET /search auth=none key=none"));
    call.method = "POST";
    call.body = "secret";
    call.url = device.url("/redirect?status=307&to=" + other.url("/search"));
    CHECK(ask(host, client, call).ends_with("redirects what is sent to another host"));
    CHECK(other.end().empty());
}

TEST_CASE("http client: a certificate that nobody signed is refused", "[http_client]") {
    if (!TestCa::available()) {
        WARN("skipped: no openssl");
        return;
    }
    const TestCa ca;
    const CertificateFiles files = ca.issue("device", "IP:127.0.0.1");
    const CertificateFiles strange = ca.issue("stranger", "IP:127.0.0.9");
    const HttpDevice device({"--certificate", files.certificate, "--key", files.key});
    const HttpDevice stranger({"--certificate", strange.certificate, "--key", strange.key});
    FakeHost host;
    HttpClient client(host, nobody_is_known);
    HttpCall call;
    call.url = device.url("/search", "https");
    CHECK(ask(host, client, call)
              .ends_with("certificate is not trusted: ca_file does not know who signed it"));
    call.access.ca_file = ca.certificate();
    CHECK(ask(host, client, call) == R"({"in":1})");
    call.url = stranger.url("/search", "https");
    CHECK(ask(host, client, call).ends_with("certificate is not trusted: it is another host's"));
    call.access.tls_verify = false;
    CHECK(ask(host, client, call) == R"({"in":1})");
    call.access.tls_verify = true;
    call.access.ca_file = "/nowhere/ca.pem";
    CHECK(ask(host, client, call).find("ca_file cannot be read") != std::string::npos);
}

TEST_CASE("http client: nobody listens", "[http_client]") {
    std::string port;
    {
        HttpDevice device;
        port = device.port();
    }
    FakeHost host;
    HttpClient client(host, [](const std::string&) { return Result<Names>(Names{"127.0.0.1"}); });
    HttpCall call;
    call.url = "http://127.0.0.1:" + port + "/";
    CHECK(ask(host, client, call) == "error 127.0.0.1:" + port + ": connection refused");
    call.url = "http://camera.test:" + port + "/";
    CHECK(ask(host, client, call) == "error camera.test:" + port + ": connection refused");
}

TEST_CASE("http client: names are found by the given look-up only", "[http_client]") {
    const HttpDevice device;
    FakeHost host;
    int asked = 0;
    HttpClient client(host, [&](const std::string& name) {
        ++asked;
        CHECK(name == "camera.test");
        return Result<Names>(Names{"::1", "127.0.0.1"});  // nothing listens at the first
    });
    HttpCall call;
    call.url = "http://Camera.test:" + device.port() + "/search";
    CHECK(ask(host, client, call) == R"({"in":1})");
    CHECK(ask(host, client, call) == R"({"in":1})");
    CHECK(asked == 1);
}

TEST_CASE("http client: a dead name server stops neither others nor the end", "[http_client]") {
    const HttpDevice device;
    FakeHost host;
    HungNames names;
    {
        ThreadedHost threaded(host);
        {
            HttpClient client(threaded, [&](const std::string& name) {
                return names.look_up(name);
            });
            HttpCall dead;
            dead.url = "http://dead.test:" + device.port() + "/search";
            dead.access.connect_timeout = std::chrono::milliseconds(100);
            CHECK(ask(host, client, dead).ends_with(": the name server does not answer"));
            HttpCall well;
            well.url = device.url("/search");
            CHECK(ask(host, client, well) == R"({"in":1})");
            well.url = "http://quick.test:" + device.port() + "/search";
            CHECK(ask(host, client, well) == R"({"in":1})");
            // One more request that waits when the client goes: nobody waits for the name.
            const HttpTask waiting =
                client.ask(dead, [](const Result<HttpReply>&) { FAIL("after the end"); });
            host.loop().poll();
        }
        CHECK(names.asked() == 2);
        names.release();
    }
    host.loop().poll();
}

TEST_CASE("http client: while the name server is away the last address is asked", "[http_client]") {
    const HttpDevice device;
    FakeHost host;
    std::atomic<bool> hangs = false;
    HungNames names;
    ThreadedHost threaded(host);
    HttpClient client(threaded, [&](const std::string& name) {
        return hangs ? names.look_up(name) : Result<Names>(Names{"127.0.0.1"});
    });
    HttpCall call;
    call.url = "http://camera.test:" + device.port() + "/search";
    call.access.connect_timeout = std::chrono::milliseconds(100);
    CHECK(ask(host, client, call) == R"({"in":1})");
    hangs = true;
    host.manual_clock.advance(std::chrono::minutes(10));
    CHECK(ask(host, client, call) == R"({"in":1})");
    names.release();
}

TEST_CASE("http client: a task that is gone calls nobody", "[http_client]") {
    const HttpDevice device;
    FakeHost host;
    HttpClient client(host, nobody_is_known);
    HttpCall call;
    call.url = device.url("/drip");
    int heard = 0;
    HttpTask task;
    task = client.listen(
        call,
        [&](std::string_view, std::string_view) {
            ++heard;
            task = HttpTask();
        },
        [&](const Status&) { FAIL("after the end"); }
    );
    REQUIRE(host.run_until([&] { return heard == 1; }));
    HttpCall other;
    other.url = device.url("/search");
    CHECK(ask(host, client, other) == R"({"in":1})");
    CHECK(heard == 1);
}

TEST_CASE("http client: a stream that says nothing ends", "[http_client]") {
    const HttpDevice device;
    FakeHost host;
    HttpClient client(host, nobody_is_known);
    HttpCall call;
    call.url = device.url("/silent-stream");
    call.silence = std::chrono::milliseconds(200);
    std::string type;
    std::string end;
    const HttpTask task = client.listen(
        call,
        [&](std::string_view content_type, std::string_view) { type = content_type; },
        [&](const Status& status) { end = status ? "well" : status.error().message; }
    );
    REQUIRE(host.run_until([&] { return !end.empty(); }));
    CHECK(type == "multipart/mixed; boundary=b");
    CHECK(without(end, ":" + device.port()) == "127.0.0.1: says nothing any more");
}

TEST_CASE("http client: URLs", "[http_client]") {
    using devices::http_origin;
    CHECK(http_origin("http://10.0.0.7/x")->name() == "10.0.0.7");
    CHECK(http_origin("HTTPS://Camera.Test:8443/x")->name() == "camera.test:8443");
    CHECK(http_origin("http://[::1]:80/x")->name() == "[::1]");
    CHECK(http_origin("http://[fe80::1]/")->numeric);
    for (const char* bad :
         {"",
          "10.0.0.7/x",
          "ftp://10.0.0.7/",
          "file:///etc/passwd",
          "http://u:p@10.0.0.7/",
          "http://a b/",
          "http://camera./",
          "http://10.0.0.7:0/"}) {
        INFO(bad);
        CHECK_FALSE(http_origin(bad));
    }
    CHECK(devices::check_http_headers({{"Accept", "text/csv"}}).empty());
    CHECK_FALSE(devices::check_http_headers({{"A\r\nB", "x"}}).empty());
    CHECK_FALSE(devices::check_http_headers({{"A", "x\r\nB: y"}}).empty());
    CHECK_FALSE(devices::check_http_headers({{"content-length", "3"}}).empty());
}

}  // namespace cxedge::test
