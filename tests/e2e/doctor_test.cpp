// SPDX-License-Identifier: Apache-2.0
// cxctl setup and cxctl doctor as an installer runs them, against a real broker.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_ca.hpp"

using namespace cxedge::test;

namespace {

// A box that has nothing but a profile.
class BareBox {
public:
    BareBox() {
        std::filesystem::copy_file(PROFILES "/catalogue.toml", dir_.file("catalogue.toml"));
        std::ofstream(dir_.file("plain.toml")) << "[spool]\nmax_mib = 1\n"
                                                  "[[source]]\nplugin = \"box\"\n";
    }
    [[nodiscard]] std::string file(const std::string& name) const { return dir_.file(name); }
    [[nodiscard]] std::string site_file() const { return dir_.file("etc/cxedged.toml"); }

    [[nodiscard]] Finished setup(
        const std::string& broker, const std::vector<std::string>& further = {}
    ) const {
        return cxctl("setup", with({"--broker", broker, "--claim", ""}, further));
    }
    [[nodiscard]] Finished doctor(const std::vector<std::string>& further = {}) const {
        return run(
            with({CXCTL, "doctor", "--socket", dir_.file("control.sock")}, with(places(), further))
        );
    }
    [[nodiscard]] Finished cxctl(const std::string& verb, const std::vector<std::string>& further)
        const {
        return run(with(
            {CXCTL, verb, "--tenant", "acme", "--site", "store-1", "--profile", "plain"},
            with(places(), further)
        ));
    }
    // cxedged on what was written.
    [[nodiscard]] std::vector<std::string> agent() const {
        return {
            CXEDGED,
            "--config",
            site_file(),
            "--profiles",
            dir_.path().string(),
            "--state-dir",
            dir_.file("state"),
            "--runtime-dir",
            dir_.path().string()};
    }
    [[nodiscard]] std::vector<std::string> places() const {
        return {
            "--config",
            site_file(),
            "--profiles",
            dir_.path().string(),
            "--state-dir",
            dir_.file("state"),
            "--user",
            ::getpwuid(::geteuid())->pw_name};  // NOLINT(concurrency-mt-unsafe): one thread
    }

private:
    static std::vector<std::string> with(
        std::vector<std::string> words, const std::vector<std::string>& further
    ) {
        words.insert(words.end(), further.begin(), further.end());
        return words;
    }

    TempDir dir_;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// The line of `output` that has this, or nothing.
std::string line_of(const std::string& output, const std::string& part) {
    const std::size_t at = output.find(part);
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t begin = output.rfind('\n', at) + 1;
    return output.substr(begin, output.find('\n', at) - begin);
}

bool no_broker_here(bool with_certificates = false) {
    if (MosquittoServer::available() && (!with_certificates || TestCa::available())) {
        return false;
    }
    std::cout << "skipped: mosquitto or openssl is not installed\n";
    return true;
}

std::string plain_url(std::uint16_t port) {
    return fmt::format("mqtt://127.0.0.1:{}", port);
}

}  // namespace

TEST_CASE("setup: from nothing to a node that delivers, and doctor agrees", "[e2e]") {
    if (no_broker_here()) {
        return;
    }
    const MosquittoServer broker;
    const BareBox box;
    const Finished setup = box.setup(plain_url(broker.port()), {"--node", "box-1"});
    INFO(setup.output);
    CHECK(setup.status == 0);
    CHECK(has(setup.output, "wrote " + box.site_file() + "\n"));
    CHECK(has(line_of(setup.output, "broker "), "connected with MQTT 5.0"));
    CHECK(has(setup.output, "all is well; next: systemctl enable --now cxedged"));

    const Finished before = box.doctor();
    CHECK(before.status == 1);
    CHECK(has(line_of(before.output, "PROBLEM  agent"), "systemctl start cxedged"));

    Process agent(box.agent());
    REQUIRE(agent.line_with("running,", kPatience));
    // It may not be connected yet.
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    Finished after = box.doctor();
    while (after.status != 0 && std::chrono::steady_clock::now() < deadline) {
        after = box.doctor();
    }
    INFO(after.output);
    CHECK(after.status == 0);
    CHECK(has(line_of(after.output, "config "), "profile plain, 1 sources"));
    CHECK(has(line_of(after.output, "agent "), "ok "));
    agent.signal(SIGTERM);
    CHECK(agent.wait(kPatience) == 0);
}

TEST_CASE("doctor: a wrong port is told in one line, and in JSON", "[e2e]") {
    if (no_broker_here()) {
        return;
    }
    MosquittoServer broker;
    broker.stop();
    const BareBox box;
    const Finished setup = box.setup(plain_url(broker.port()));
    INFO(setup.output);
    CHECK(setup.status == 0);
    CHECK(has(line_of(setup.output, "PROBLEM  broker"), "refused -> check host and port"));
    CHECK(has(setup.output, "1 to mend; then: cxctl doctor\n"));
    const Finished doctor = box.doctor({"--json"});
    CHECK(doctor.status == 1);
    const Json answer = Json::parse(doctor.output, nullptr, false);
    REQUIRE(answer.is_object());
    CHECK(answer["ok"] == false);
    const auto& findings = answer["findings"];
    CHECK(std::count_if(findings.begin(), findings.end(), [](const Json& finding) {
              return finding["check"] == "broker" && finding["verdict"] == "problem" &&
                     !finding["remedy"].get<std::string>().empty();
          }) == 1);
}

TEST_CASE("doctor: a certificate that is not trusted, and then is", "[e2e]") {
    if (no_broker_here(true)) {
        return;
    }
    const TestCa ca;
    const TestCa other;
    const CertificateFiles files = ca.issue("broker", "IP:127.0.0.1");
    MosquittoOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    const MosquittoServer broker(options);
    const std::string url = fmt::format("mqtts://127.0.0.1:{}", broker.port());
    const BareBox box;
    const Finished untrusted = box.setup(url, {"--ca", other.certificate()});
    INFO(untrusted.output);
    CHECK(untrusted.status == 0);
    const std::string line = line_of(untrusted.output, "PROBLEM  broker");
    CHECK(has(line, "certificate verify failed"));
    CHECK(has(line, "-> put the CA that signed the broker's certificate into"));
    const Finished trusted = box.setup(url, {"--ca", ca.certificate(), "--force"});
    INFO(trusted.output);
    CHECK(has(line_of(trusted.output, "broker "), "connected with MQTT 5.0, TLS"));
    CHECK(std::filesystem::exists(box.site_file() + ".old"));
}

TEST_CASE("doctor: a refused password, and a password that others can read", "[e2e]") {
    if (no_broker_here()) {
        return;
    }
    MosquittoOptions options;
    options.users = {{"box", "secret"}};
    const MosquittoServer broker(options);
    const BareBox box;
    const std::string password = box.file("password");
    std::ofstream(password) << "wrong\n";
    const Finished setup =
        box.setup(plain_url(broker.port()), {"--username", "box", "--password-file", password});
    INFO(setup.output);
    CHECK(setup.status == 0);
    CHECK(
        has(line_of(setup.output, "PROBLEM  broker"),
            "not authorised (0x87) -> check uplink.username and password_file")
    );
    CHECK(has(line_of(setup.output, "PROBLEM  permission"), "chmod 600 " + password));
    std::ofstream(password) << "secret\n";
    std::filesystem::permissions(password, std::filesystem::perms::owner_read);
    const Finished doctor = box.doctor();
    INFO(doctor.output);
    CHECK(has(line_of(doctor.output, "broker "), "ok "));
    CHECK_FALSE(has(doctor.output, "PROBLEM  permission"));
}

TEST_CASE("setup: says every mistake at once and writes nothing", "[e2e]") {
    const BareBox box;
    const Finished wrong =
        box.cxctl("setup", {"--broker", "broker.example", "--claim", "/nowhere/claim.pem"});
    INFO(wrong.output);
    CHECK(wrong.status == 2);
    CHECK(has(wrong.output, "cxctl: --broker: \"broker.example\" does not begin with"));
    CHECK(has(wrong.output, "cxctl: --claim: /nowhere/claim.pem"));
    CHECK_FALSE(std::filesystem::exists(box.site_file()));
}

TEST_CASE("setup: asks on a terminal", "[e2e]") {
    const BareBox box;
    std::string words;
    for (const std::string& word : box.places()) {
        words += " '" + word + "'";
    }
    // Nothing listens there, which is what the check then says.
    std::ofstream(box.file("answers")) << "mqtt://127.0.0.1:9\nacme\nstore 1\nstore-1\nplain\n\n";
    const Finished done = run(
        {"sh",
         "-c",
         "script -qec \"$0 setup$1\" /dev/null < '" + box.file("answers") + "'",
         CXCTL,
         words}
    );
    INFO(done.output);
    CHECK(has(done.output, "Broker (mqtts://host[:8883]"));
    CHECK(has(done.output, "\"store 1\" may hold only letters"));
    CHECK(has(done.output, "wrote " + box.site_file()));
    std::ifstream file(box.site_file());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    CHECK(has(text, "site = \"store-1\""));
    CHECK(has(text, "profile = \"plain\""));
}
