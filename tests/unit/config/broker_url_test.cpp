// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.hpp"

#include "tests/support/catch.hpp"

using cxedge::config::parse_broker_url;

namespace {

void expect(const std::string& url, bool tls, const std::string& host, std::uint16_t port) {
    CAPTURE(url);
    const auto parsed = parse_broker_url(url);
    REQUIRE(parsed.ok());
    CHECK(parsed->tls == tls);
    CHECK(parsed->host == host);
    CHECK(parsed->port == port);
}

void expect_wrong(const std::string& url, const std::string& message) {
    CAPTURE(url);
    const auto parsed = parse_broker_url(url);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == cxedge::ErrorCode::invalid_argument);
    CHECK(parsed.error().message == message);
}

}  // namespace

TEST_CASE("broker url: host, port and TLS", "[config]") {
    expect("mqtt://localhost", false, "localhost", 1883);
    expect("mqtts://broker.example.net", true, "broker.example.net", 8883);
    expect("mqtt://10.0.0.7:18830", false, "10.0.0.7", 18830);
    expect("mqtts://b-1_x:1", true, "b-1_x", 1);
    expect("mqtt://[::1]", false, "::1", 1883);
    expect("mqtts://[2001:db8::7]:65535", true, "2001:db8::7", 65535);
}

TEST_CASE("broker url: says what is wrong", "[config]") {
    expect_wrong("", R"("" does not begin with mqtt:// or mqtts://)");
    expect_wrong("localhost:1883", R"("localhost:1883" does not begin with mqtt:// or mqtts://)");
    expect_wrong("http://x", R"("http://x" does not begin with mqtt:// or mqtts://)");
    expect_wrong(
        "mqtt://user:secret@host", "no user or password here: use username and password_file"
    );
    for (const std::string url :
         {"mqtt://",
          "mqtt://:1883",
          "mqtt://a b",
          "mqtt://[::1",
          "mqtt://[]",
          "mqtt://h/t",
          "mqtt://[host]"}) {
        expect_wrong(
            url, "\"" + url + "\" has no valid host: write mqtt://host[:port], IPv6 in [ ]"
        );
    }
    for (const std::string url :
         {"mqtt://h:",
          "mqtt://h:0",
          "mqtt://h:65536",
          "mqtt://h:-1",
          "mqtt://h:18a",
          "mqtt://h:1883/x",
          "mqtt://[::1]x"}) {
        expect_wrong(
            url, "\"" + url + "\": after the host comes :port, 1 to 65535, and nothing else"
        );
    }
}
