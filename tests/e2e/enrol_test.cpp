// SPDX-License-Identifier: Apache-2.0
// A box's certificate on one machine: a real broker that demands client certificates and gives
// rights by their names, the reference enroller, and boxes with a claim.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/e2e/operations.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

bool cannot_enrol_here() {
    if (MosquittoServer::available() && TestCa::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto or openssl is not installed\n";
    return true;
}

std::string text_in(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The box's own metrics go on: a moment at which nothing is under way.
bool all_delivered(const Json& now) {
    const auto produced = now.value("samples_produced", 0);
    return produced > 0 && now.value("samples_delivered", 0) == produced;
}

// What README.md's section on enrolment sets up.
struct Fleet {
    TestCa nodes;
    TestCa claims;
    TempDir dir;
    std::unique_ptr<MosquittoServer> broker;
    CertificateFiles enroller = nodes.issue("enroller", "DNS:enroller");

    Fleet() {
        std::filesystem::create_directory(file("desired"));
        const CertificateFiles claim = claims.issue("claim", "DNS:claim");
        std::ofstream(file("claim.pem")) << text_in(claim.certificate) << text_in(claim.key);
        std::ofstream(file("trusted.pem"))
            << text_in(nodes.certificate()) << text_in(claims.certificate());
        const CertificateFiles own = nodes.issue("broker", "IP:127.0.0.1");
        MosquittoOptions options;
        options.certificate_file = own.certificate;
        options.key_file = own.key;
        options.client_ca_file = file("trusted.pem");
        options.extra = "use_identity_as_username true";
        options.acl =
            "user claim\ntopic write cx/1/+/+/+/enrol/req\ntopic read cx/1/+/+/+/enrol/rsp\n"
            "user enroller\ntopic read cx/1/+/+/+/enrol/req\ntopic write cx/1/+/+/+/enrol/rsp\n"
            "user platform\ntopic readwrite #\n"
            "pattern readwrite cx/1/+/+/%u/#";
        broker = std::make_unique<MosquittoServer>(options);
    }

    [[nodiscard]] std::string file(const std::string& name) const { return dir.file(name); }
    [[nodiscard]] std::string url() const {
        return fmt::format("mqtts://127.0.0.1:{}", broker->port());
    }
    [[nodiscard]] std::unique_ptr<Process> enroll_boxes(double days) const {
        auto server = std::make_unique<Process>(std::vector<std::string>{
            CXCTL,        "enrol-server",      "--broker",     url(),
            "--ca",       nodes.certificate(), "--cert",       enroller.certificate,
            "--key",      enroller.key,        "--sign-cert",  nodes.certificate(),
            "--sign-key", nodes.key(),         "--claims",     claims.certificate(),
            "--register", file("register"),    "--days",       std::to_string(days),
            "--any",      "--desired-dir",     file("desired")});
        REQUIRE(server->line_with("connected", kPatience));
        return server;
    }
    [[nodiscard]] std::string uplink_of_box() const {
        return fmt::format("broker = \"{}\"\nca_file = \"{}\"\n", url(), nodes.certificate());
    }
};

}  // namespace

TEST_CASE("enrol: a box with a claim gets its certificate and delivers with it", "[e2e]") {
    if (cannot_enrol_here()) {
        return;
    }
    const Fleet fleet;
    Box box(fleet.uplink_of_box(), kKpi);
    box.set_claim(fleet.file("claim.pem"));
    REQUIRE(box.start_collecting());
    // Before anybody enrols it, it collects, and says why it does not send.
    CHECK(send_kpi(box.file("kpi.sock"), {"till.sales 1"}).front().find("ok") == 0);
    CHECK(box.status_where([](const Json& now) {
        return now.value("connection", "") == "offline" &&
               now.value("certificate_until", "").empty();
    }));
    const auto server = fleet.enroll_boxes(365);
    REQUIRE(box.status_where([](const Json& now) { return now.value("connection", "") == "online"; }
    ));
    CHECK(server->line_with("t/s/n serial", kPatience));
    CHECK(box.flush());
    CHECK(box.status_where(all_delivered));
    const Json now = box.status();
    CHECK(now.value("certificate_problem", "?").empty());
    CHECK(now.value("certificate_until", "") > "2026");
    CHECK(text_in(fleet.file("register")).find("t/s/n ") == 0);
    CHECK(box.stop() == 0);

    // cxctl enrol finds it done; the key of another box is refused for the same node.
    const auto ask = [&](const std::string& state_dir) {
        return run(
            {CXCTL,
             "enrol",
             "--json",
             "--timeout-s",
             "20",
             "--config",
             box.file("site.toml"),
             "--profiles",
             PROFILES,
             "--state-dir",
             state_dir}
        );
    };
    CHECK(ask(box.file("state")).output.find("\"enrolled\":true") != std::string::npos);
    const TempDir thief;
    const Finished refused = ask(thief.path().string());
    INFO(refused.output);
    CHECK(refused.status == 1);
    CHECK(refused.output.find("--replace t/s/n") != std::string::npos);
}

TEST_CASE("enrol: a certificate near its end is changed without losing a sample", "[e2e]") {
    if (cannot_enrol_here()) {
        return;
    }
    const Fleet fleet;
    Box box(fleet.uplink_of_box(), kKpi);
    box.set_claim(fleet.file("claim.pem"));
    constexpr double kTwoMinutes =
        0.0014;  // in days; valid for five minutes before: renewed at once
    auto server = fleet.enroll_boxes(kTwoMinutes);
    REQUIRE(box.start_collecting());
    REQUIRE(box.status_where([](const Json& now) {
        return now.value("connection", "") == "online" &&
               now.value("certificate_problem", "").find("ends at") != std::string::npos;
    }));
    CHECK(send_kpi(box.file("kpi.sock"), {"till.sales 1"}).front().find("ok") == 0);
    server->signal(SIGTERM);
    REQUIRE(server->wait(kPatience) == 0);
    server = fleet.enroll_boxes(365);
    REQUIRE(server->line_with("enrolled", std::chrono::minutes(2)));
    CHECK(send_kpi(box.file("kpi.sock"), {"till.sales 2"}).front().find("ok") == 0);
    REQUIRE(box.status_where([](const Json& now) {
        return now.value("connection", "") == "online" &&
               now.value("certificate_problem", "?").empty();
    }));
    CHECK(box.flush());
    CHECK(box.status_where(all_delivered));
    CHECK(box.status().value("gaps", -1) == 0);
    CHECK(box.stop() == 0);
}

TEST_CASE("enrol: the first configuration comes along, is tried and confirmed", "[e2e]") {
    if (cannot_enrol_here()) {
        return;
    }
    const Fleet fleet;
    const SigningPair signer;
    std::ofstream(fleet.file("first.toml")) << "[spool]\nmax_mib = 64\n";
    const Finished signing = run(
        {CXCTL,
         "sign",
         fleet.file("first.toml"),
         "--sign-key",
         signer.file(),
         "--tenant",
         "t",
         "--node",
         "n",
         "--trial-s",
         "3",
         "--out",
         fleet.file("desired/n.desired")}
    );
    INFO(signing.output);
    REQUIRE(signing.status == 0);
    Box box(fleet.uplink_of_box(), "[remote]\nkeys = [\"" + signer.pinned() + "\"]\n" + kKpi);
    box.set_claim(fleet.file("claim.pem"));
    REQUIRE(box.start_collecting());
    CHECK(send_kpi(box.file("kpi.sock"), {"till.sales 1"}).front().find("ok") == 0);
    const auto server = fleet.enroll_boxes(365);
    CHECK(box.status_where([](const Json& now) {
        return now.value("connection", "") == "online" &&
               now.value("spool_max_bytes", std::uint64_t{0}) == 64U << 20U;
    }));
    const std::string log = box.file("state") + "/audit.log";
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::string said;
    while (said.find("confirmed") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
        said = run({CXCTL, "audit", "--file", log}).output;
    }
    INFO(said);
    CHECK(said.find(": confirmed") != std::string::npos);
    CHECK(box.flush());
    CHECK(box.status().value("gaps", -1) == 0);
    CHECK(box.stop() == 0);
}

}  // namespace cxedge::test
