// SPDX-License-Identifier: Apache-2.0
// How requests come: in pieces, in crowds, slowly, wrongly, or not at all.
#include <numeric>

#include "tests/plugins/http_push/push_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using Statuses = std::vector<int>;

const std::string kChunkedHead =
    "POST / HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string size;
    for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) {
        size.insert(size.begin(), kDigits[rest % 16]);
    }
    return (size.empty() ? "0" : size) + "\r\n" + bytes + "\r\n";
}

// Byte by byte, with the loop between.
bool drip(PushFixture& push, HttpClient& client, const std::string& bytes) {
    for (const char byte : bytes) {
        if (!client.send(std::string(1, byte))) {
            return false;
        }
        push.host.loop().poll();
    }
    return true;
}

}  // namespace

TEST_CASE("http_push: two messages in one write are answered in order", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    push.host.hold_commits = true;
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", push_record(1)) + post("/", push_record(2))));
    REQUIRE(push.host.run_until([&] { return push.host.commits == 1; }));
    CHECK(push.counted() == std::vector<double>{1});
    push.host.release_commits();
    CHECK(client.answers(push.host, 1) == Statuses{200});
    REQUIRE(push.host.run_until([&] { return push.host.commits == 2; }));
    push.host.release_commits();
    CHECK(client.answers(push.host, 2) == Statuses{200, 200});
    CHECK(push.counted() == std::vector<double>{1, 2});
}

TEST_CASE("http_push: chunks of any size are one body", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    std::string request = kChunkedHead;
    for (const char byte : push_record(11)) {
        request += chunk(std::string(1, byte));
    }
    REQUIRE(drip(push, client, request + chunk("")));
    REQUIRE(client.answers(push.host, 1) == Statuses{200});
    REQUIRE(client.send(kChunkedHead + chunk(push_record(12)) + "0\r\nX-Trailer: yes\r\n\r\n"));
    REQUIRE(client.answers(push.host, 2) == Statuses{200, 200});
    CHECK(push.counted() == std::vector<double>{11, 12});
}

TEST_CASE("http_push: curl waits for 100 Continue and gets it", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    const CurlAnswer answer = curl(
        push.host,
        {"--header",
         "Expect: 100-continue",
         "--expect100-timeout",
         "15",
         "--data",
         push_record(7),
         push.url("/")}
    );
    CHECK(answer.output.find("100 Continue") != std::string::npos);
    CHECK(answer.http_status == 200);
    CHECK(push.counted() == std::vector<double>{7});
}

TEST_CASE("http_push: HTTP/1.0 without keep-alive is answered and closed", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    CHECK(
        curl(push.host, {"--http1.0", "--data", push_record(7), push.url("/")}).http_status == 200
    );
    HttpClient client = push.connect();
    REQUIRE(client.send("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"));
    CHECK(client.wait_for_end(push.host));
    CHECK(client.statuses().size() == 1);
}

TEST_CASE("http_push: who closes amid a body has said nothing", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    for (int i = 0; i < 20; ++i) {
        HttpClient client = push.connect();
        const std::string whole = post("/", push_record(9));
        REQUIRE(client.send(whole.substr(0, whole.size() - 1 - static_cast<std::size_t>(i))));
        push.poll();
        client.close();
        push.poll();
    }
    HttpClient chunked = push.connect();
    REQUIRE(chunked.send(kChunkedHead + chunk(push_record(9))));
    chunked.finish_sending();
    CHECK(chunked.wait_for_end(push.host));
    HttpClient good = push.connect();
    REQUIRE(good.send(post("/", push_record(1))));
    CHECK(good.answers(push.host, 1) == Statuses{200});
    CHECK(push.counted() == std::vector<double>{1});
}

TEST_CASE("http_push: who goes before the answer comes harms nobody", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    push.host.hold_commits = true;
    {
        HttpClient gone = push.connect();
        REQUIRE(gone.send(post("/", push_record(1))));
        REQUIRE(push.host.run_until([&] { return push.host.commits == 1; }));
    }
    push.poll();
    push.host.hold_commits = false;
    push.host.release_commits();
    HttpClient good = push.connect();
    REQUIRE(good.send(post("/", push_record(2))));
    CHECK(good.answers(push.host, 1) == Statuses{200});
}

TEST_CASE(
    "http_push: malformed requests are refused, told, and harm nobody", "[plugins][http_push]"
) {
    PushFixture push;
    push.begin("max_requests_per_s = 1000\nmax_connections_per_address = 64\n");
    const std::string requests[] = {
        "\r\n\r\nHello\r\n\r\n",
        "POST\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: minus one\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "POST /%00 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /%4 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n",
        std::string("\0\0\0\0\r\n\r\n", 8)};
    int answered = 0;
    for (const std::string& request : requests) {
        HttpClient client = push.connect();
        static_cast<void>(client.send(request));
        client.finish_sending();
        CHECK(client.wait_for_end(push.host));
        for (const int status : client.statuses()) {
            ++answered;
            INFO(request);
            CHECK((status >= 400 && status < 500));
        }
    }
    CHECK(answered >= 6);
    HttpClient good = push.connect();
    REQUIRE(good.send(post("/", push_record(1))));
    CHECK(good.answers(push.host, 1) == Statuses{200});
    push.source.stop();
    CHECK(push.requests(400) >= 4);
    CHECK(push.events().front().find("device.refused A push from ") == 0);
}

TEST_CASE("http_push: a head that is too long is refused", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    static_cast<void>(client.send(
        "POST / HTTP/1.1\r\nX-Long: " + std::string(60'000, 'x') + "\r\nContent-Length: 0\r\n\r\n"
    ));
    const Statuses statuses = client.answers(push.host, 1);
    REQUIRE(statuses.size() == 1);
    CHECK((statuses.front() == 431 || statuses.front() == 413));
    push.source.stop();
    CHECK(push.requests(statuses.front()) == 1);
}

TEST_CASE(
    "http_push: a body that is too large is refused before it is read", "[plugins][http_push]"
) {
    PushFixture push;
    push.begin("max_body_kib = 1\n");
    HttpClient declared = push.connect();
    REQUIRE(declared.send("POST / HTTP/1.1\r\nHost: box\r\nContent-Length: 100000000\r\n\r\n{"));
    CHECK(declared.answers(push.host, 1) == Statuses{413});
    CHECK(declared.wait_for_end(push.host));

    HttpClient chunked = push.connect();
    REQUIRE(chunked.send(kChunkedHead + chunk(std::string(1'500, ' ')) + chunk("")));
    CHECK(chunked.answers(push.host, 1) == Statuses{413});

    HttpClient endless = push.connect();
    static_cast<void>(endless.send(kChunkedHead + chunk(std::string(60'000, ' '))));
    CHECK(endless.wait_for_end(push.host));
    CHECK(endless.statuses().empty());

    HttpClient exact = push.connect();
    const std::string record = push_record(4);
    REQUIRE(exact.send(post("/", record + std::string(1'024 - record.size(), ' '))));
    CHECK(exact.answers(push.host, 1) == Statuses{200});
    push.source.stop();
    CHECK(push.requests(413) == 3);
}

TEST_CASE("http_push: curl sees 413 before it sends", "[plugins][http_push]") {
    PushFixture push;
    push.begin("max_body_kib = 1\n");
    const CurlAnswer answer = curl(
        push.host,
        {"--header",
         "Expect: 100-continue",
         "--expect100-timeout",
         "15",
         "--data",
         std::string(30'000, 'x'),
         push.url("/")}
    );
    CHECK(answer.http_status == 413);
}

TEST_CASE("http_push: one address cannot ask without end", "[plugins][http_push]") {
    PushFixture push;
    push.begin("max_requests_per_s = 2\n");
    HttpClient client = push.connect();
    std::string all;
    for (int i = 0; i < 6; ++i) {
        all += post("/", push_record(1));
    }
    REQUIRE(client.send(all));
    CHECK(client.answers(push.host, 6) == Statuses{200, 200, 200, 200, 429, 429});
    CHECK(occurrences(client.text(), "Retry-After: 1\r\n") == 2);
    push.host.manual_clock.advance(std::chrono::seconds(1));
    REQUIRE(client.send(all));
    CHECK(client.answers(push.host, 12).size() == 12);
    CHECK(push.counted().size() == 6);
    push.source.stop();
    CHECK(push.requests(429) == 6);
}

TEST_CASE("http_push: one address has so many connections and no more", "[plugins][http_push]") {
    PushFixture push;
    push.begin("max_connections_per_address = 3\n");
    std::vector<HttpClient> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(push.connect());
        REQUIRE(clients.back().send(post("/", push_record(1))));
        REQUIRE(clients.back().answers(push.host, 1) == Statuses{200});
    }
    HttpClient fourth = push.connect();
    static_cast<void>(fourth.send(post("/", push_record(1))));
    CHECK(fourth.wait_for_end(push.host));
    CHECK(fourth.statuses().empty());
    CHECK(push.events().back().find("more requests or connections") != std::string::npos);
    clients.pop_back();
    push.poll();
    HttpClient next = push.connect();
    REQUIRE(next.send(post("/", push_record(1))));
    CHECK(next.answers(push.host, 1) == Statuses{200});
}

TEST_CASE("http_push: beyond max_connections the next waits its turn", "[plugins][http_push]") {
    PushFixture push;
    push.begin("max_connections = 2\n");
    HttpClient first = push.connect();
    HttpClient second = push.connect();
    REQUIRE(first.send(post("/", push_record(1))));
    REQUIRE(second.send(post("/", push_record(1))));
    REQUIRE(first.answers(push.host, 1) == Statuses{200});
    REQUIRE(second.answers(push.host, 1) == Statuses{200});
    HttpClient third = push.connect();
    REQUIRE(third.send(post("/", push_record(1))));
    push.poll();
    third.receive();
    CHECK(third.text().empty());
    first.close();
    CHECK(third.answers(push.host, 1) == Statuses{200});
}

TEST_CASE("http_push: a body that stops is 408", "[plugins][http_push]") {
    PushFixture push;
    push.begin("timeout_s = 1\n");
    HttpClient client = push.connect();
    REQUIRE(client.send("POST / HTTP/1.1\r\nHost: box\r\nContent-Length: 100\r\n\r\n{"));
    push.poll();
    push.host.manual_clock.advance(std::chrono::seconds(1));
    CHECK(client.answers(push.host, 1) == Statuses{408});
    CHECK(client.wait_for_end(push.host));
    push.source.stop();
    CHECK(push.requests(408) == 1);
}

TEST_CASE(
    "http_push: a body that drips holds its connection only so long", "[plugins][http_push]"
) {
    PushFixture push;
    push.begin("timeout_s = 1\n");
    HttpClient client = push.connect();
    REQUIRE(client.send("POST / HTTP/1.1\r\nHost: box\r\nContent-Length: 1000\r\n\r\n"));
    push.poll();
    int sent = 0;
    while (client.send(" ") && sent < 100) {
        ++sent;
        push.poll();
        push.host.manual_clock.advance(std::chrono::milliseconds(500));
        // The listener looks ten times a second.
        const auto next = std::chrono::steady_clock::now() + std::chrono::milliseconds(150);
        static_cast<void>(push.host.run_until([&] {
            client.receive();
            return client.at_end() || std::chrono::steady_clock::now() > next;
        }));
        if (client.at_end()) {
            break;
        }
    }
    CHECK(client.statuses() == Statuses{408});
    CHECK(sent >= 7);
    CHECK(sent <= 10);
}

TEST_CASE("http_push: a head that drips is ended, too", "[plugins][http_push]") {
    PushFixture push;
    push.begin("timeout_s = 1\n");
    HttpClient client = push.connect();
    REQUIRE(drip(push, client, "POST / HTTP/1.1\r\nX-Slow"));
    push.host.manual_clock.advance(std::chrono::seconds(4));
    CHECK(client.answers(push.host, 1) == Statuses{408});
}

TEST_CASE("http_push: who says nothing is hung up on, without a word", "[plugins][http_push]") {
    PushFixture push;
    push.begin("timeout_s = 1\n");
    HttpClient silent = push.connect();
    HttpClient idle = push.connect();
    REQUIRE(idle.send(post("/", push_record(1))));
    REQUIRE(idle.answers(push.host, 1) == Statuses{200});
    CHECK(silent.wait_for_end(push.host));
    CHECK(silent.text().empty());
    CHECK(idle.wait_for_end(push.host));
    CHECK(push.host.events.empty());
}

TEST_CASE("http_push: who waits for a commit is not taken for slow", "[plugins][http_push]") {
    PushFixture push;
    push.begin("timeout_s = 1\n");
    push.host.hold_commits = true;
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", push_record(1))));
    REQUIRE(push.host.run_until([&] { return push.host.commits == 1; }));
    push.host.manual_clock.advance(std::chrono::minutes(10));
    const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    REQUIRE(push.host.run_until([&] { return std::chrono::steady_clock::now() > later; }));
    push.host.release_commits();
    CHECK(client.answers(push.host, 1) == Statuses{200});
}

}  // namespace cxedge::test
