// SPDX-License-Identifier: Apache-2.0
// What is answered and when, and what is counted.
#include "plugins/http_push/http_push.hpp"

#include <memory>
#include <numeric>

#include "tests/plugins/http_push/push_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using Statuses = std::vector<int>;

double sum_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

TEST_CASE("http_push: ok comes after the commit and not before", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    push.host.hold_commits = true;
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", push_record(3))));
    REQUIRE(push.host.run_until([&] { return push.host.commits == 1; }));
    push.poll();
    client.receive();
    CHECK(push.counted() == std::vector<double>{3});
    CHECK(client.text().empty());
    push.host.release_commits();
    CHECK(client.answers(push.host, 1) == Statuses{200});
}

TEST_CASE(
    "http_push: who comes while a commit is on its way shares the next", "[plugins][http_push]"
) {
    PushFixture push;
    push.begin();
    push.host.hold_commits = true;
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < 10; ++i) {
        clients.push_back(push.connect());
        REQUIRE(clients.back().send(post("/", push_record(1))));
        REQUIRE(push.host.run_until([&] { return push.counted().size() == i + 1; }));
        REQUIRE(push.host.run_until([&] { return push.host.commits == 1; }));
    }
    push.host.release_commits();
    CHECK(clients.front().answers(push.host, 1) == Statuses{200});
    REQUIRE(push.host.run_until([&] { return push.host.commits == 2; }));
    clients.back().receive();
    CHECK(clients.back().text().empty());
    push.host.release_commits();
    for (HttpClient& client : clients) {
        CHECK(client.answers(push.host, 1) == Statuses{200});
    }
    CHECK(push.host.commits == 2);
}

TEST_CASE("http_push: a refused commit is 503, and the sender asks again", "[plugins][http_push]") {
    PushFixture push;
    push.begin("id_at = \"/id\"\n");
    push.host.commit_status = exhausted("storage is full");
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", push_record(3, "p1"))));
    CHECK(client.answers(push.host, 1) == Statuses{503});
    CHECK(client.text().find("Retry-After: 10") != std::string::npos);
    push.host.commit_status = {};
    REQUIRE(client.send(post("/", push_record(3, "p1"))));
    CHECK(client.answers(push.host, 2) == Statuses{503, 200});
    CHECK(push.counted() == std::vector<double>{3});
}

TEST_CASE("http_push: full storage is 503 at once", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    push.host.on_emit = [](const SeriesInfo& info, double) {
        return info.key.metric == "store.footfall.in" ? Status(exhausted("storage is full"))
                                                      : Status();
    };
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", push_record(3))));
    CHECK(client.answers(push.host, 1) == Statuses{503});
    CHECK(client.text().find("Retry-After: 10") != std::string::npos);
    CHECK(push.host.commits == 0);
    CHECK(push.source.acknowledges());
}

TEST_CASE("http_push: trap: a push that is repeated counts once", "[plugins][http_push]") {
    PushFixture push;
    push.begin("id_at = \"/id\"\n");
    HttpClient first = push.connect();
    REQUIRE(first.send(post("/", push_record(5, "package-17"))));
    REQUIRE(first.answers(push.host, 1) == Statuses{200});
    // The sender did not see the answer.
    HttpClient second = push.connect();
    REQUIRE(second.send(
        post("/", push_record(5, "package-17")) + post("/", push_record(2, "package-18"))
    ));
    REQUIRE(second.answers(push.host, 2) == Statuses{200, 200});
    CHECK(push.counted() == std::vector<double>{5, 2});
    CHECK(push.host.repeated == 1);
}

TEST_CASE(
    "http_push: trap: an empty element does not silence the listener", "[plugins][http_push]"
) {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    const std::string empty =
        "{\"records\": [{\"in\": null, \"sensor\": \"a\"}, {}, null, 7, "
        "{\"in\": 4, \"sensor\": \"a\"}]}";
    REQUIRE(client.send(post("/", empty)));
    REQUIRE(client.answers(push.host, 1) == Statuses{200});
    REQUIRE(client.send(
        post("/", "") + post("/", "{\"records\": []}") + post("/", "{") + post("/", push_record(2))
    ));
    CHECK(client.answers(push.host, 5) == Statuses{200, 400, 200, 400, 200});
    CHECK(push.counted() == std::vector<double>{4, 2});
    const std::vector<std::string> events = push.events();
    CHECK(std::count_if(events.begin(), events.end(), [](const std::string& event) {
              return event.find("device.bad_element") == 0;
          }) >= 1);
    CHECK(std::count_if(events.begin(), events.end(), [](const std::string& event) {
              return event.find("device.bad_message /*: ") == 0;
          }) == 2);
}

TEST_CASE("http_push: a message that cannot be read is never quoted", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", "customer=Erika Mustermann")));
    REQUIRE(client.answers(push.host, 1) == Statuses{400});
    CHECK(client.text().find("Erika") == std::string::npos);
    CHECK_FALSE(push.host.logged("Erika"));
    for (const std::string& event : push.events()) {
        CHECK(event.find("Erika") == std::string::npos);
    }
}

TEST_CASE("http_push: routes take what is theirs", "[plugins][http_push]") {
    const auto route = [](const std::string& path, const std::string& device) {
        return "[[source.route]]\npath = \"" + path + "\"\ndevice = \"" + device +
               "\"\n[[source.route.value]]\nat = \"/in\"\nmetric = \"store.footfall.in\"\n"
               "unit = \"{person}\"\n";
    };
    PushFixture push;
    REQUIRE(push.start(
        kPushListener + route("/door", "exact") + route("/door*", "short") +
        route("/door/b/*", "long")
    ));
    HttpClient client = push.connect();
    std::string all;
    for (const char* path :
         {"/door", "/door/?retry=1", "/door/b/7", "/door/c", "/%64oor", "/other"}) {
        all += post(path, "{\"in\": 1}");
    }
    REQUIRE(client.send(all));
    CHECK(client.answers(push.host, 6) == Statuses{200, 200, 200, 200, 200, 404});
    const auto of = [&](const std::string& device) {
        return push.host.values_of("store.footfall.in{device=" + device + "}").size();
    };
    CHECK(of("exact") == 3);
    CHECK(of("long") == 1);
    CHECK(of("short") == 1);
    CHECK(
        push.events().back() ==
        "device.refused A push from the box itself was refused: no route has this path."
    );
}

TEST_CASE("http_push: only POST and PUT are taken", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "BREW"}) {
        HttpClient client = push.connect();
        REQUIRE(client.send(std::string(method) + " / HTTP/1.1\r\nHost: box\r\n\r\n"));
        INFO(method);
        CHECK(client.answers(push.host, 1) == Statuses{405});
        CHECK(client.text().find("Allow: POST, PUT") != std::string::npos);
    }
    CHECK(
        curl(push.host, {"--request", "PUT", "--data", push_record(6), push.url("/x")})
            .http_status == 200
    );
    CHECK(push.counted() == std::vector<double>{6});
}

TEST_CASE("http_push: a compressed body is refused, not guessed", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n")));
    CHECK(client.answers(push.host, 1) == Statuses{415});
}

TEST_CASE("http_push: requests are counted by status", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    HttpClient client = push.connect();
    REQUIRE(client.send(post("/", push_record(1)) + post("/", "{") + post("/", push_record(2))));
    REQUIRE(client.answers(push.host, 3) == Statuses{200, 400, 200});
    push.source.stop();
    CHECK(push.requests(200) == 2);
    CHECK(push.requests(400) == 1);
}

TEST_CASE("http_push: refusals of a kind are told once an hour", "[plugins][http_push]") {
    PushFixture push;
    push.begin("max_requests_per_s = 1000\n");
    HttpClient client = push.connect();
    const std::string get = "GET / HTTP/1.1\r\nHost: box\r\n\r\n";
    for (std::size_t i = 0; i < 20; ++i) {
        REQUIRE(client.send(get));
        REQUIRE(client.answers(push.host, i + 1).size() == i + 1);
    }
    CHECK(push.host.events.size() == 1);
    CHECK(push.host.events.front().name == "device.refused");
    push.host.manual_clock.advance(std::chrono::hours(1));
    HttpClient later = push.connect();
    REQUIRE(later.send(get));
    REQUIRE(later.answers(push.host, 1) == Statuses{405});
    CHECK(push.host.events.size() == 2);
    push.source.stop();
    CHECK(push.requests(405) == 21);
}

TEST_CASE("http_push: a stop answers who waits, and start works again", "[plugins][http_push]") {
    PushFixture push;
    push.begin();
    push.host.hold_commits = true;
    std::vector<HttpClient> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(push.connect());
        REQUIRE(clients.back().send(post("/", push_record(1))));
    }
    REQUIRE(push.host.run_until([&] { return push.counted().size() == 8; }));
    HttpClient half = push.connect();
    REQUIRE(half.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf"));
    push.poll();
    push.source.stop();
    CHECK(push.source.port() == 0);
    push.host.release_commits();  // comes too late for those of before
    for (HttpClient& client : clients) {
        CHECK(client.answers(push.host, 1) == Statuses{503});
        CHECK(client.wait_for_end(push.host));
    }
    push.host.hold_commits = false;
    REQUIRE(push.source.start(push.host));
    HttpClient again = push.connect();
    REQUIRE(again.send(post("/", push_record(2))));
    CHECK(again.answers(push.host, 1) == Statuses{200});
    CHECK(sum_of(push.counted()) == 10);
}

TEST_CASE("http_push: a taken port is worth a retry", "[plugins][http_push]") {
    PushFixture first;
    first.begin();
    Running<plugins::HttpPush> second;
    const Status taken = second.start(
        "plugin = \"http_push\"\nlisten = \"127.0.0.1:" + std::to_string(first.source.port()) +
        "\"\n" + kPushValue
    );
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::unavailable);
    second.source.stop();
    first.source.stop();
    REQUIRE(second.source.start(second.host));
}

TEST_CASE("http_push: many connections at once lose nothing", "[plugins][http_push]") {
    constexpr std::size_t kClients = 200;
    constexpr std::size_t kEach = 10;
    PushFixture push;
    push.begin(
        "max_connections = 200\nmax_connections_per_address = 200\nmax_requests_per_s = 100000\n"
    );
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        clients.push_back(push.connect());
        push.poll();
    }
    for (std::size_t n = 0; n < kEach; ++n) {
        for (HttpClient& client : clients) {
            REQUIRE(client.send(post("/", push_record(1))));
        }
    }
    for (HttpClient& client : clients) {
        CHECK(client.answers(push.host, kEach) == Statuses(kEach, 200));
    }
    CHECK(sum_of(push.counted()) == kClients * kEach);
    CHECK(push.host.commits < 1'000);
}

TEST_CASE("http_push: a listener for the network says once what it lacks", "[plugins][http_push]") {
    Running<plugins::HttpPush> push;
    REQUIRE(push.start("plugin = \"http_push\"\nlisten = \"0.0.0.0:0\"\n" + kPushValue));
    CHECK(push.host.logged("anybody there can push"));
    CHECK(push.host.logged("without TLS"));
}

}  // namespace cxedge::test
