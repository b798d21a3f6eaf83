// SPDX-License-Identifier: Apache-2.0
#include "agent/app/secret_words.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::app {
namespace {

TEST_CASE("secret_words: what looks like a secret is taken out", "[app]") {
    const SecretWords secrets({"hunter2"});
    for (const char* line :
         {"login as till with hunter2 refused",
          "opening rtsp://admin:hunter2@10.0.0.7/stream: refused",
          "opening https://host/path?sig=hunter2 failed",
          "set PASSWORD=hunter2",
          "password: hunter2",
          "the password hunter2 is wrong",
          "db_passwd = 'hunter2'",
          "Authorization: Basic hunter2",
          "Authorization: Bearer hunter2",
          "api-key=hunter2",
          "{\"key\": \"hunter2\"}",
          "X-Auth-Token hunter2",
          "client_secret hunter2"}) {
        INFO(line);
        CHECK(secrets.without(line).find("hunter2") == std::string::npos);
    }
    const std::string ticket = "eyJhbGciOiJIUzI1NiJ9.0123456789abcdef0123456789abcdef";
    CHECK(secrets.without("got " + ticket).find("0123456789") == std::string::npos);
    CHECK(secrets.without("hunter2hunter2 hunter2") == "****** ***");
}

TEST_CASE("secret_words: without what it does not know, its words alone protect", "[app]") {
    const SecretWords secrets({});
    for (const char* line : {"mqtt://till:hunter2@host", "token=hunter2", "cookie \"hunter2\""}) {
        INFO(line);
        CHECK(secrets.without(line).find("hunter2") == std::string::npos);
    }
}

TEST_CASE("secret_words: plain lines stay as they are", "[app]") {
    const SecretWords secrets({});
    for (const char* line :
         {"2026-11-22T10:00:00.123Z warn  statsd/apps: 3 lines were no metrics",
          "uplink: connected to 127.0.0.1:1883 with MQTT 5.0",
          "store: /var/lib/cxedge/queue.db: disk I/O error",
          "keyboard interrupt; authored by nobody",
          "",
          "till.sales{till=1} 17.5"}) {
        CHECK(secrets.without(line) == line);
    }
}

}  // namespace
}  // namespace cxedge::app
