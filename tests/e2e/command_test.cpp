// SPDX-License-Identifier: Apache-2.0
// Commands on a live box with traffic: cxctl cmd signs and asks, the box answers through lane 0.
#include <fstream>
#include <iostream>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

constexpr const char* kSecret = "hunter2-of-this-box";

bool cannot_command_here() {
    if (MosquittoServer::available() && TestCa::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto or openssl is not installed\n";
    return true;
}

// A pair of operations' keys, made as anybody can.
struct OpsKey {
    TempDir dir;
    std::string file = dir.file("ops.key");
    std::string pinned;  // as in [remote] keys

    OpsKey() {
        REQUIRE(run({"openssl", "genpkey", "-algorithm", "ed25519", "-out", file}).status == 0);
        const std::string der = dir.file("public.der");
        REQUIRE(
            run({"openssl", "pkey", "-in", file, "-pubout", "-outform", "DER", "-out", der})
                .status == 0
        );
        std::ifstream in(der, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), {}};
        pinned = "ed25519:";
        for (const char c : bytes.substr(bytes.size() - 32)) {
            pinned += fmt::format("{:02x}", static_cast<unsigned char>(c));
        }
    }
};

struct CommandedBox {
    OpsKey key;
    MosquittoServer broker;
    Box box;

    CommandedBox()
        : box(fmt::format(
                  "broker = \"mqtt://127.0.0.1:{}\"\nusername = \"till\"\npassword_file = "
                  "\"{{dir}}/password\"\n",
                  broker.port()
              ),
              std::string(kKpi) + "[remote]\nkeys = [\"" + key.pinned + "\"]\n") {
        std::ofstream(box.file("password")) << kSecret << "\n";
        REQUIRE(box.start_collecting());
        REQUIRE(box.status_where([](const Json& now) {
            return now.value("connection", "") == "online";
        }));
    }

    [[nodiscard]] Finished cmd(const std::vector<std::string>& words, const std::string& key_file)
        const {
        std::vector<std::string> command{CXCTL, "cmd", "t/s/n"};
        command.insert(command.end(), words.begin(), words.end());
        for (const std::string& word :
             {std::string("--json"),
              std::string("--sign-key"),
              key_file,
              std::string("--broker"),
              fmt::format("mqtt://127.0.0.1:{}", broker.port())}) {
            command.push_back(word);
        }
        return run(command, std::chrono::seconds(60));
    }
    // The outcome; state "none" where there is none.
    [[nodiscard]] Json outcome(const std::vector<std::string>& words) const {
        const Finished done = cmd(words, key.file);
        INFO(done.output);
        const std::size_t begin = done.output.find("{\"");
        const Json found = begin == std::string::npos
                               ? Json()
                               : Json::parse(done.output.substr(begin), nullptr, false);
        const std::string state = found.is_object() ? found.value("state", "none") : "none";
        CHECK(done.status == (state == "succeeded" ? 0 : state == "none" ? 3 : 1));
        return found.is_object() ? found : Json{{"state", "none"}};
    }
};

}  // namespace

TEST_CASE("command: a box is asked, answers, and goes on counting", "[e2e]") {
    if (cannot_command_here()) {
        return;
    }
    CommandedBox fleet;
    Box& box = fleet.box;
    CHECK(send_kpi(box.file("kpi.sock"), {"till.sales 1"}).front().find("ok") == 0);

    CHECK(fleet.outcome({"ping"})["state"] == "succeeded");
    const Json status = fleet.outcome({"status"});
    CHECK(status["state"] == "succeeded");
    CHECK(Json::parse(status["detail"].get<std::string>())["status"]["node"] == "n");
    CHECK(fleet.outcome({"need_dict"})["state"] == "succeeded");
    CHECK(fleet.outcome({"set_log_level", "level=debug", "ttl_s=2"})["state"] == "succeeded");
    CHECK(fleet.outcome({"set_log_level", "level=loud", "ttl_s=2"})["state"] == "failed");
    CHECK(fleet.outcome({"resend", "lane=9", "epoch=1", "first=1", "last=2"})["state"] == "failed");
    CHECK(
        fleet.outcome({"live", "series=till.*", "every_s=1", "ttl_s=5"})["detail"] ==
        R"({"series":1})"
    );
    CHECK(fleet.outcome({"format_disk"})["state"] == "rejected");
    CHECK(fleet.outcome({"restart_plugin", "source=nobody"})["state"] == "failed");
    CHECK(fleet.outcome({"restart_plugin", "source=kpi_socket"})["state"] == "succeeded");
    CHECK(box.status_where([](const Json& now) {
        return now["sources"][0].value("state", "") == "running";
    }));

    const Json diagnosis = fleet.outcome({"collect_diag"});
    CHECK(diagnosis["state"] == "succeeded");
    const Json told = Json::parse(diagnosis["detail"].get<std::string>(), nullptr, false);
    CHECK(told.is_object());
    const std::string everything = diagnosis.dump();
    CHECK(everything.size() < 80'000);
    for (const std::string& secret : {std::string(kSecret), fleet.key.pinned.substr(8)}) {
        CHECK(everything.find(secret) == std::string::npos);
    }
    CHECK(everything.find("PRIVATE KEY") == std::string::npos);
    CHECK(told.contains("/proc/meminfo"));

    CHECK(fleet.outcome({"restart_agent"})["state"] == "succeeded");
    CHECK(box.status_where([](const Json& now) {
        return now.value("connection", "") == "online" && !now["sources"].empty() &&
               now["sources"][0].value("state", "") == "running";
    }));
    CHECK(send_kpi(box.file("kpi.sock"), {"till.sales 2"}).front().find("ok") == 0);
    CHECK(box.flush());
    CHECK(box.stop() == 0);
}

TEST_CASE("command: a stranger's key moves nothing, kill -9 leaves an outcome", "[e2e]") {
    if (cannot_command_here()) {
        return;
    }
    CommandedBox fleet;
    const OpsKey stranger;
    const Finished ignored = fleet.cmd({"restart_agent", "--wait-s", "3"}, stranger.file);
    CHECK(ignored.status == 3);
    CHECK(fleet.box.status_where([](const Json& now) {
        return now.value("commands_refused", 0) == 1 && now.value("commands_accepted", -1) == 0;
    }));
    // One that is in the box's journal, whenever the agent dies, ends somehow.
    Process asking(
        {CXCTL,
         "cmd",
         "t/s/n",
         "live",
         "series=*",
         "every_s=1",
         "ttl_s=60",
         "--sign-key",
         fleet.key.file,
         "--broker",
         fmt::format("mqtt://127.0.0.1:{}", fleet.broker.port()),
         "--json",
         "--wait-s",
         "30"}
    );
    REQUIRE(asking.line_with("accepted", kPatience));
    fleet.box.kill();
    fleet.box.start();
    const auto line = asking.line_with("\"state\":", kPatience);
    REQUIRE(line);
    INFO(*line);
    const bool ended = line->find("succeeded") != std::string::npos ||
                       line->find("interrupted") != std::string::npos;
    CHECK(ended);
    CHECK(fleet.box.stop() == 0);
}

}  // namespace cxedge::test
