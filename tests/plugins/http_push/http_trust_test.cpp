// SPDX-License-Identifier: Apache-2.0
// Who may push: tokens, passwords, TLS, signatures.
#include <fstream>

#include "plugins/_devices/hmac.hpp"

#include "tests/plugins/http_push/push_fixture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

using Statuses = std::vector<int>;

// Of "key" and "what do ya want for nothing?": RFC 4231, test case 2.
constexpr const char* kJefe = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

Status start_with(PushFixture& push, const std::string& further) {
    return push.start(kPushListener + further + kPushValue);
}

// With the key "shared key".
std::string hmac_by_openssl(PushFixture& push, const std::string& text) {
    const std::string file = push.dir.file("signed");
    std::ofstream(file) << text;
    std::string digest =
        run({"openssl", "dgst", "-sha256", "-hmac", "shared key", "-r", file}).output.substr(0, 64);
    REQUIRE(digest.size() == 64);
    return digest;
}

}  // namespace

TEST_CASE("http_push: without the token nothing is counted", "[plugins][http_push]") {
    PushFixture push;
    std::ofstream(push.dir.file("token")) << "s3cret-token\nsecond line\n";
    push.begin("token_file = \"${dir}/token\"\n");
    HttpClient client = push.connect();
    const std::vector<std::string> wrong{
        "",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer s3cret-toke\r\n",
        "Authorization: Bearer s3cret-token2\r\n",
        "Authorization: Basic s3cret-token\r\n",
        "Authorization: s3cret-token\r\n"};
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        REQUIRE(client.send(post("/", push_record(9), wrong[i])));
        REQUIRE(client.answers(push.host, i + 1).size() == i + 1);
        CHECK(client.statuses().back() == 401);
    }
    CHECK(occurrences(client.text(), "WWW-Authenticate: Bearer") == wrong.size());
    // The connection lives on: the body that came with it was read.
    REQUIRE(client.send(post("/", push_record(1), "authorization: bearer  s3cret-token \r\n")));
    CHECK(client.answers(push.host, wrong.size() + 1).back() == 200);
    CHECK(push.counted() == std::vector<double>{1});
    push.source.stop();
    CHECK(push.requests(401) == static_cast<double>(wrong.size()));
    CHECK(push.host.events.size() == 1);
    CHECK_FALSE(push.host.logged("s3cret"));
}

TEST_CASE("http_push: curl with a user and a password", "[plugins][http_push]") {
    PushFixture push;
    std::ofstream(push.dir.file("password")) << "gr\xC3\xBCn:3\n";
    push.begin("user = \"door\"\npassword_file = \"${dir}/password\"\n");
    const auto with = [&](const std::string& user) {
        return curl(push.host, {"--user", user, "--data", push_record(2), push.url("/")})
            .http_status;
    };
    CHECK(with("door:gr\xC3\xBCn:3") == 200);
    CHECK(with("door:gr\xC3\xBCn:4") == 401);
    CHECK(with("doo:gr\xC3\xBCn:3") == 401);
    CHECK(push.counted() == std::vector<double>{2});
}

TEST_CASE("http_push: a refused Expect is refused before the body", "[plugins][http_push]") {
    PushFixture push;
    std::ofstream(push.dir.file("token")) << "t\n";
    push.begin("token_file = \"${dir}/token\"\n");
    HttpClient client = push.connect();
    REQUIRE(client.send(
        "POST / HTTP/1.1\r\nHost: box\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n"
    ));
    CHECK(client.answers(push.host, 1) == Statuses{401});
    CHECK(client.text().find("100 Continue") == std::string::npos);
}

TEST_CASE("http_push: TLS, with a real curl that checks", "[plugins][http_push]") {
    if (!TestCa::available()) {
        WARN("skipped: openssl is not installed");
        return;
    }
    const TestCa ca;
    const CertificateFiles files = ca.issue("box", "IP:127.0.0.1");
    PushFixture push;
    push.begin("cert_file = \"" + files.certificate + "\"\nkey_file = \"" + files.key + "\"\n");
    const std::string url = push.url("/", "https");
    CHECK(
        curl(push.host, {"--cacert", ca.certificate(), "--data", push_record(3), url, url})
            .http_status == 200
    );
    CHECK(push.counted() == std::vector<double>{3, 3});
    CHECK(curl(push.host, {"--data", push_record(3), url}).exit_status == 60);  // unknown issuer
    CHECK(
        curl(push.host, {"--insecure", "--tls-max", "1.1", "--data", "x", url}).exit_status == 35
    );
    // A large body in many TLS records, chunked.
    CHECK(
        curl(
            push.host,
            {"--cacert",
             ca.certificate(),
             "--header",
             "Transfer-Encoding: chunked",
             "--data",
             push_record(4) + std::string(100'000, ' '),
             url}
        )
            .http_status == 200
    );
    HttpClient plain = push.connect();
    REQUIRE(plain.send(post("/", push_record(9))));
    CHECK(plain.wait_for_end(push.host));
    CHECK(plain.statuses().empty());
    CHECK(push.counted() == std::vector<double>{3, 3, 4});
}

TEST_CASE(
    "http_push: files that are missing may come, wrong ones are told", "[plugins][http_push]"
) {
    PushFixture push;
    std::ofstream(push.dir.file("empty")) << "\n";
    std::ofstream(push.dir.file("noise")) << "no certificate\n";
    const auto fails = [&](const std::string& keys, ErrorCode code, const std::string& part) {
        const Status status = start_with(push, keys);
        REQUIRE_FALSE(status);
        INFO(status.error().message);
        CHECK(status.error().code == code);
        CHECK(status.error().message.find(part) != std::string::npos);
        push.source.stop();
    };
    fails("token_file = \"${dir}/none\"\n", ErrorCode::unavailable, "/none: no such file");
    fails(
        "token_file = \"${dir}/empty\"\n",
        ErrorCode::invalid_argument,
        "/empty: its first line is empty"
    );
    fails(
        "user = \"u\"\npassword_file = \"${dir}/none\"\n", ErrorCode::unavailable, "password_file"
    );
    fails("hmac_file = \"${dir}/none\"\n", ErrorCode::unavailable, "hmac_file");
    fails(
        "cert_file = \"${dir}/none\"\nkey_file = \"${dir}/noise\"\n",
        ErrorCode::unavailable,
        "cert_file"
    );
    fails(
        "cert_file = \"${dir}/noise\"\nkey_file = \"${dir}/noise\"\n",
        ErrorCode::invalid_argument,
        "cert_file, key_file"
    );
    if (TestCa::available()) {
        const TestCa ca;
        const CertificateFiles one = ca.issue("one", "IP:127.0.0.1");
        const CertificateFiles other = ca.issue("other", "IP:127.0.0.1");
        fails(
            "cert_file = \"" + one.certificate + "\"\nkey_file = \"" + other.key + "\"\n",
            ErrorCode::invalid_argument,
            "cert_file, key_file"
        );
    }
}

TEST_CASE("http_push: a webhook's signature decides", "[plugins][http_push]") {
    PushFixture push;
    std::ofstream(push.dir.file("key")) << "shared key\n";
    push.begin("hmac_file = \"${dir}/key\"\n");
    const std::string body = push_record(8);
    const std::string digest = hmac_by_openssl(push, body);
    HttpClient client = push.connect();
    REQUIRE(client.send(
        post("/", body, "X-Qminder-Signature: " + digest + "\r\n") + post("/", body) +
        post("/", push_record(9), "X-Qminder-Signature: " + digest + "\r\n")
    ));
    CHECK(client.answers(push.host, 3) == Statuses{200, 401, 401});
    CHECK(push.counted() == std::vector<double>{8});
}

TEST_CASE("http_push: Qminder signs its webhook's URL and the body", "[plugins][http_push]") {
    PushFixture push;
    std::ofstream(push.dir.file("key")) << "shared key\n";
    const std::string url = "https://store-7.example:8480/visits";
    push.begin("hmac_file = \"${dir}/key\"\nhmac_prefix = \"" + url + "\"\n");
    const std::string body = push_record(8);
    const std::string both = hmac_by_openssl(push, url + body);
    const std::string only_body = hmac_by_openssl(push, body);
    HttpClient client = push.connect();
    REQUIRE(client.send(
        post("/", body, "X-Qminder-Signature: " + both + "\r\n") +
        post("/", body, "X-Qminder-Signature: " + only_body + "\r\n")
    ));
    CHECK(client.answers(push.host, 2) == Statuses{200, 401});
    CHECK(push.counted() == std::vector<double>{8});
}

TEST_CASE("devices: HMAC-SHA256 as RFC 4231 has it", "[plugins][http_push]") {
    constexpr const char* kText = "what do ya want for nothing?";
    CHECK(devices::hmac_sha256_matches("Jefe", {kText}, kJefe));
    CHECK(devices::hmac_sha256_matches("Jefe", {"what do ya ", "", "want for nothing?"}, kJefe));
    CHECK(devices::hmac_sha256_matches("Jefe", {kText}, std::string("sha256=") + kJefe));
    std::string upper(kJefe);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    CHECK(devices::hmac_sha256_matches("Jefe", {kText}, upper));
    CHECK_FALSE(devices::hmac_sha256_matches("Jefe", {"what"}, kJefe));
    CHECK_FALSE(devices::hmac_sha256_matches("jefe", {kText}, kJefe));
    CHECK_FALSE(devices::hmac_sha256_matches("Jefe", {kText}, ""));
    CHECK_FALSE(devices::hmac_sha256_matches("Jefe", {kText}, std::string(kJefe) + "0"));
    CHECK_FALSE(devices::hmac_sha256_matches("", {""}, std::string(64, '0')));
}

}  // namespace cxedge::test
