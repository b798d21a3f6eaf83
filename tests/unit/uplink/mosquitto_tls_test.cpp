// SPDX-License-Identifier: Apache-2.0
// TLS of the real broker implementation against a real mosquitto, with certificates made here.
#include <iostream>

#include "agent/uplink/broker.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/unit/uplink/broker_log.hpp"
#include "tests/unit/uplink/test_names.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using test::BrokerLog;
using test::CertificateFiles;
using test::mentions;
using test::MosquittoOptions;
using test::MosquittoServer;
using test::poll_until;
using test::TestCa;

namespace {

bool no_tls_here() {
    if (MosquittoServer::available() && TestCa::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto or openssl is not installed\n";
    return true;
}

MosquittoOptions tls_server(const CertificateFiles& files) {
    MosquittoOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    return options;
}

BrokerOptions tls_client(const MosquittoServer& server, const std::string& ca_file) {
    BrokerOptions options;
    options.host = "127.0.0.1";
    options.port = server.port();
    options.client_id = "box-1";
    options.tls = true;
    options.ca_file = ca_file;
    return options;
}

// "connected", or why not.
std::string outcome(const BrokerOptions& options) {
    BrokerLog log;
    const auto broker = make_mosquitto_broker();
    if (Status status = broker->connect(options, log); !status) {
        return status.error().message;
    }
    poll_until(*broker, [&] { return log.connected > 0 || !log.disconnected.empty(); });
    if (log.connected == 0) {
        return log.disconnected.empty() ? "nothing" : log.disconnected.front();
    }
    const auto mid = broker->publish("a", std::string(100'000, 'x'), false);
    const bool acknowledged = mid.ok() && poll_until(*broker, [&] { return !log.pubacks.empty(); });
    return acknowledged ? "connected" : "not acknowledged";
}

}  // namespace

TEST_CASE("mosquitto_tls: a broker of the given CA and name", "[uplink]") {
    if (no_tls_here()) {
        return;
    }
    const TestCa ca;
    const MosquittoServer server(tls_server(ca.issue("broker", "IP:127.0.0.1,DNS:localhost")));
    BrokerOptions options = tls_client(server, ca.certificate());
    CHECK(outcome(options) == "connected");
    options.host = "localhost";
    const std::string by_name = outcome(options);
    if (by_name.rfind("looking up", 0) == 0) {
        WARN("skipped the name: this machine has no localhost in /etc/hosts");
        return;
    }
    CHECK(by_name == "connected");
}

TEST_CASE("mosquitto_tls: a mute first address costs its share, not the connection", "[uplink]") {
    if (no_tls_here()) {
        return;
    }
    const TestCa ca;
    const MosquittoServer server(tls_server(ca.issue("broker", "DNS:two.test")));
    const test::MuteServer mute("127.0.0.2", server.port());
    const test::NamedAddresses name("two.test", {"127.0.0.2", "127.0.0.1"});
    BrokerOptions options = tls_client(server, ca.certificate());
    options.host = "two.test";
    options.connect_timeout = std::chrono::seconds(3);
    const SystemClock clock;
    const SteadyTime begin = clock.steady_now();
    CHECK(outcome(options) == "connected");
    const auto took = clock.steady_now() - begin;
    CHECK(took >= std::chrono::milliseconds(900));  // the mute one was tried first
    CHECK(took < options.connect_timeout);
}

TEST_CASE("mosquitto_tls: a broker of another CA is refused", "[uplink]") {
    if (no_tls_here()) {
        return;
    }
    const TestCa ca;
    const TestCa other;
    const MosquittoServer server(tls_server(ca.issue("broker", "IP:127.0.0.1")));
    const std::string why = outcome(tls_client(server, other.certificate()));
    CAPTURE(why);
    CHECK(mentions(why, "TLS: "));
    CHECK(mentions(why, "certificate verify failed"));
    const std::string system_store = outcome(tls_client(server, ""));
    CAPTURE(system_store);
    CHECK(mentions(system_store, "certificate verify failed"));
}

TEST_CASE("mosquitto_tls: a broker with a certificate for another name is refused", "[uplink]") {
    if (no_tls_here()) {
        return;
    }
    const TestCa ca;
    const MosquittoServer server(tls_server(ca.issue("broker", "DNS:other.example")));
    const std::string why = outcome(tls_client(server, ca.certificate()));
    CAPTURE(why);
    CHECK(mentions(why, "TLS: "));
    CHECK(mentions(why, "host name verification failed"));
}

TEST_CASE("mosquitto_tls: client certificates", "[uplink]") {
    if (no_tls_here()) {
        return;
    }
    const TestCa ca;
    const TestCa other;
    MosquittoOptions server_options = tls_server(ca.issue("broker", "IP:127.0.0.1"));
    server_options.client_ca_file = ca.certificate();
    const MosquittoServer server(server_options);
    BrokerOptions options = tls_client(server, ca.certificate());
    SECTION("of the broker's CA") {
        const CertificateFiles own = ca.issue("box-1", "DNS:box-1");
        options.certificate_file = own.certificate;
        options.key_file = own.key;
        CHECK(outcome(options) == "connected");
    }
    SECTION("of another CA") {
        const CertificateFiles strange = other.issue("box-1", "DNS:box-1");
        options.certificate_file = strange.certificate;
        options.key_file = strange.key;
        const std::string why = outcome(options);
        CAPTURE(why);
        CHECK(mentions(why, "TLS: "));
    }
    SECTION("none, where one is required") {
        const std::string why = outcome(options);
        CAPTURE(why);
        CHECK(mentions(why, "TLS: "));
        // The alert's text, or ours when a reset overtakes it.
        CHECK(
            (mentions(why, "certificate required") || mentions(why, "require a client certificate"))
        );
    }
    SECTION("a key that belongs to another certificate") {
        options.certificate_file = ca.issue("box-1", "DNS:box-1").certificate;
        options.key_file = ca.issue("box-2", "DNS:box-2").key;
        const std::string why = outcome(options);
        CAPTURE(why);
        CHECK(mentions(why, "TLS: "));
        CHECK(mentions(why, "key values mismatch"));
    }
    SECTION("with the system's CA store for the broker's certificate") {
        const CertificateFiles own = ca.issue("box-1", "DNS:box-1");
        options.ca_file.clear();
        options.certificate_file = own.certificate;
        options.key_file = own.key;
        CHECK(mentions(outcome(options), "certificate verify failed"));
    }
}

TEST_CASE("mosquitto_tls: files that cannot be read are named", "[uplink]") {
    if (no_tls_here()) {
        return;
    }
    const MosquittoServer server;
    const std::string why = outcome(tls_client(server, "/nonexistent/ca.crt"));
    CHECK(why == "ca_file /nonexistent/ca.crt: No such file or directory");
}

TEST_CASE(
    "mosquitto_tls: a broker that does not speak TLS, and one that speaks nothing else", "[uplink]"
) {
    if (no_tls_here()) {
        return;
    }
    const TestCa ca;
    const MosquittoServer plain;
    const std::string to_plain = outcome(tls_client(plain, ca.certificate()));
    CAPTURE(to_plain);
    CHECK(to_plain != "connected");
    CHECK(to_plain != "nothing");
    const MosquittoServer tls(tls_server(ca.issue("broker", "IP:127.0.0.1")));
    BrokerOptions options = tls_client(tls, "");
    options.tls = false;
    CHECK(outcome(options) == "connection closed before CONNACK");
}

}  // namespace cxedge::uplink
