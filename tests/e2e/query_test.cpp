// SPDX-License-Identifier: Apache-2.0
// A box far away is asked for its history, and for the rest of what commands may ask, over a real
// broker; what comes back is what the box itself would say.
#include <algorithm>
#include <fstream>
#include <iostream>

#include <fmt/core.h>

#include "agent/base/clock.hpp"
#include "agent/remote/envelope.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/wire/command.hpp"

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

constexpr const char* kPassword = "hunter2-of-the-broker";
constexpr const char* kToken = "Zx81-token-of-the-till";
constexpr const char* kApiKey = "k3y-of-the-environment";

// Raw values of a till, and a window of a day; a source whose trouble has a secret in its words.
constexpr const char* kStore = R"(
[history]
enabled = true
raw_per_minute = 6000
[[source]]
plugin = "kpi_socket"
socket = "{dir}/kpi.sock"
[[source]]
name = "broken"
plugin = "kpi_socket"
socket = "{dir}/nowhere/token=Zx81-token-of-the-till/kpi.sock"
[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
[[rule]]
match = "slow.*"
unit = "1"
window_s = 86400
)";

bool cannot_ask_here() {
    if (MosquittoServer::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto is not installed\n";
    return true;
}

remote::SigningKey some_key() {
    auto key = remote::SigningKey::generate();
    REQUIRE(key.ok());
    return std::move(*key);
}

struct AskedStore {
    TempDir keys;
    remote::SigningKey key = some_key();
    MosquittoServer broker;
    Box box;

    AskedStore()
        : box(fmt::format(
                  "broker = \"mqtt://127.0.0.1:{}\"\nusername = \"till\"\npassword_file = "
                  "\"{{dir}}/password\"\n",
                  broker.port()
              ),
              std::string(kStore) + "[remote]\nkeys = [\"" + key.public_key().text() + "\"]\n") {
        std::ofstream(keys.file("ops.key")) << key.pem().value();
        std::ofstream(box.file("password")) << kPassword << "\n";
        box.set_starter({"env", std::string("CX_API_KEY=") + kApiKey});
        REQUIRE(box.start_collecting());
        REQUIRE(comes_online());
    }
    [[nodiscard]] bool comes_online() const {
        return box.status_where([](const Json& now) {
            return now.value("connection", "") == "online";
        });
    }
    [[nodiscard]] std::vector<std::string> way() const {
        return {
            "--sign-key",
            keys.file("ops.key"),
            "--broker",
            fmt::format("mqtt://127.0.0.1:{}", broker.port())};
    }
    // cxctl with these words, on the box or from afar.
    [[nodiscard]] Finished here(std::vector<std::string> words) const {
        words.insert(words.begin(), CXCTL);
        words.insert(words.end(), {"--socket", box.file("control.sock")});
        return run(words);
    }
    [[nodiscard]] Finished afar(std::vector<std::string> words) const {
        words.insert(words.begin(), CXCTL);
        for (const std::string& word : way()) {
            words.push_back(word);
        }
        words.insert(words.end(), {"--node", "t/s/n"});
        return run(words, std::chrono::seconds(90));
    }
    // What became of a command.
    [[nodiscard]] Json cmd(std::vector<std::string> words) const {
        words.insert(words.begin(), {CXCTL, "cmd", "t/s/n"});
        for (const std::string& word : way()) {
            words.push_back(word);
        }
        words.emplace_back("--json");
        const Finished done = run(words, std::chrono::seconds(60));
        INFO(done.output);
        const std::size_t begin = done.output.find("{\"");
        REQUIRE(begin != std::string::npos);
        return Json::parse(done.output.substr(begin));
    }
    void send(const std::vector<std::string>& lines) const {
        for (const std::string& answer : send_kpi(box.file("kpi.sock"), lines)) {
            REQUIRE(answer == "ok");
        }
    }
    // So many turns of the box's own clock pass.
    [[nodiscard]] bool passes(double seconds) const {
        const double begun = box.status()["uptime_s"];
        return box.status_where([&](const Json& now) {
            return now["uptime_s"].get<double>() >= begun + seconds;
        });
    }
};

// `till.total` in tenths: 0.1, 0.2, ...
std::vector<std::string> tenths(int count) {
    std::vector<std::string> lines;
    for (int i = 1; i <= count; ++i) {
        lines.push_back(fmt::format("till.total,till=1 {}.{}", i / 10, i % 10));
    }
    return lines;
}

// A platform that asks with the means of MQTT 5 alone.
class AskingPlatform final : private uplink::BrokerListener {
public:
    explicit AskingPlatform(std::uint16_t port) {
        uplink::BrokerOptions options;
        options.host = "127.0.0.1";
        options.port = port;
        options.client_id = "platform";
        REQUIRE(broker_->connect(options, *this).ok());
        REQUIRE(turn_until([this] { return connected_; }));
        REQUIRE(broker_->subscribe("cx/1/t/s/n/cmd/rsp/#").ok());
        REQUIRE(broker_->subscribe("elsewhere/#").ok());
        REQUIRE(turn_until([this] { return subscribed_ == 2; }));
    }
    void ask(const std::string& payload, const uplink::MessageProperties& properties) {
        REQUIRE(broker_->send("cx/1/t/s/n/cmd/req", payload, properties).ok());
    }
    bool turn_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!done() && std::chrono::steady_clock::now() < deadline) {
            broker_->poll(std::chrono::milliseconds(50));
        }
        return done();
    }
    struct Answer {
        std::string topic;
        std::string payload;
        std::string correlation;
    };
    std::vector<Answer> answers;
    int taken = 0;  // by the broker

private:
    void on_connected(const uplink::BrokerLimits& /*limits*/) override { connected_ = true; }
    void on_disconnected(const std::string& why) override { FAIL(why); }
    void on_puback(int /*mid*/, std::uint8_t /*reason*/) override { ++taken; }
    void on_message(const std::string& topic, std::string_view payload, bool /*retained*/)
        override {
        answers.push_back({topic, std::string(payload), broker_->properties().correlation});
    }
    void on_subscribed(const std::string& /*filter*/, std::uint8_t /*reason*/) override {
        ++subscribed_;
    }

    std::unique_ptr<uplink::Broker> broker_ = uplink::make_mosquitto_broker();
    bool connected_ = false;
    int subscribed_ = 0;
};

std::string signed_ping(const remote::SigningKey& key) {
    wire::Command command;
    command.tenant = "t";
    command.site = "s";
    command.node = "n";
    command.issued_at = SystemClock().wall_now();
    command.id = wire::make_ulid(command.issued_at);
    command.op = "ping";
    return remote::seal_envelope(remote::Purpose::command, wire::encode_command(command), {&key})
        .value();
}

}  // namespace

TEST_CASE("query: from afar a box says what it says on the spot, page by page", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    constexpr int kValues = 900;  // three answers
    store.send(tenths(kValues));
    for (const std::string format : {"table", "csv", "jsonl"}) {
        INFO(format);
        const std::vector<std::string> words{"query", "--series", "till.*", "--format", format};
        const Finished here = store.here(words);
        const Finished afar = store.afar(words);
        INFO(afar.output.substr(0, 500));
        CHECK(afar.status == 0);
        CHECK(afar.output == here.output);
        const auto lines = std::count(afar.output.begin(), afar.output.end(), '\n');
        CHECK(lines == kValues + (format == "jsonl" ? 0 : 1));
    }
    CHECK(store.box.status_where([](const Json& now) {
        return now.value("commands_accepted", 0) >= 9;
    }));

    const Finished day =
        store.afar({"query", "--series", "till.total", "--step", "1d", "--format", "jsonl"});
    INFO(day.output);
    const Json total = Json::parse(day.output);
    CHECK(total["sum"] == 40545.0);  // 0.1 + 0.2 + ... + 90.0
    CHECK(total["n"] == kValues);

    const std::vector<std::string> events{
        "query", "--events", "--series", "agent.*", "--format", "jsonl"};
    CHECK(store.afar(events).output == store.here(events).output);
    const Finished unknown = store.afar({"query", "--series", "no.such"});
    CHECK(unknown.status == 1);
    CHECK(unknown.output.find("no series \"no.such\"") != std::string::npos);
    // Answers are in no history: they would be answered, and kept, again.
    CHECK(
        store.here({"query", "--events", "--format", "jsonl"}).output.find("till.total") ==
        std::string::npos
    );
    CHECK(store.box.stop() == 0);
}

TEST_CASE("query: a range is sent once more for a command, at its own times", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    Inbox inbox(store.broker.port());
    constexpr int kValues = 1200;  // two pages
    store.send(tenths(kValues));
    REQUIRE(store.box.flush());
    const Finished replay = store.afar({"replay", "--series", "till.*"});
    INFO(replay.output);
    CHECK(replay.status == 0);
    CHECK(replay.output.find(": 1200 samples") != std::string::npos);
    std::vector<std::int64_t> live;
    std::vector<std::int64_t> again;
    double sum = 0;
    REQUIRE(inbox.next_where([&](const Json& object) {
        if (object.value("metric", "") != "till.total") {
            return false;
        }
        const bool replayed = object.contains("replay");
        (replayed ? again : live).push_back(object["time_ms"]);
        if (replayed) {
            CHECK(object["topic"].get<std::string>().find("/up/back/bulk") != std::string::npos);
            sum += object["value"].get<double>();
        }
        return again.size() == kValues && live.size() == kValues;
    }));
    CHECK(again == live);
    CHECK(sum == Approx(72060.0));
    const Json wrong = store.cmd({"replay", "from_ms=0", "to_ms=1", "events=true"});
    CHECK(wrong["state"] == "failed");
    CHECK(store.box.stop() == 0);
}

TEST_CASE("command: who asks with a response topic is answered there", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    AskingPlatform platform(store.broker.port());
    platform.ask(signed_ping(store.key), {"elsewhere/x", "no", 60});
    platform.ask(signed_ping(store.key), {"cx/1/t/s/n/cmd/rsp/me", std::string("\x00\x01", 2), 60});
    REQUIRE(platform.turn_until([&] { return !platform.answers.empty(); }));
    REQUIRE(platform.answers.size() == 1);
    CHECK(platform.answers[0].topic == "cx/1/t/s/n/cmd/rsp/me");
    CHECK(platform.answers[0].correlation == std::string("\x00\x01", 2));
    const Json answer = Json::parse(platform.answers[0].payload);
    CHECK(answer["op"] == "ping");
    CHECK(answer["state"] == "succeeded");
    CHECK(answer["node"] == "n");
    // The one with a topic of others' was run; lane 0 has its outcome.
    CHECK(store.box.status_where([](const Json& now) {
        return now.value("commands_accepted", 0) == 2;
    }));
    CHECK(store.box.stop() == 0);
}

TEST_CASE("command: a flood is counted to the last", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    AskingPlatform flood(store.broker.port());
    constexpr int kMessages = 1000;
    for (int i = 0; i < kMessages; ++i) {
        flood.ask("\x0a\x01x", {});
        if (i % 20 == 19) {
            REQUIRE(flood.turn_until([&] { return flood.taken > i - 20; }));
        }
    }
    REQUIRE(flood.turn_until([&] { return flood.taken == kMessages; }));
    CHECK(store.box.status_where([](const Json& now) {
        return now.value("commands_refused", 0) == kMessages;
    }));
    CHECK(store.cmd({"ping"})["state"] == "succeeded");
    CHECK(store.box.stop() == 0);
}

TEST_CASE("command: a diagnosis has the last log lines and no secret", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    // It is in the status, and as its mask shows in the log; else this test would prove nothing.
    REQUIRE(store.box.status_where([](const Json& now) {
        return now.dump().find(kToken) != std::string::npos;
    }));
    const Json diagnosis = store.cmd({"collect_diag"});
    REQUIRE(diagnosis["state"] == "succeeded");
    const std::string everything = diagnosis.dump();
    CHECK(everything.size() < 80'000);
    const Json told = Json::parse(diagnosis["detail"].get<std::string>(), nullptr, false);
    REQUIRE(told.is_object());
    REQUIRE(told["log"].is_array());
    const std::string log = told["log"].dump();
    INFO(log);
    CHECK(log.find("token ***") != std::string::npos);
    CHECK(log.find("connected to 127.0.0.1") != std::string::npos);
    CHECK(told["answer"]["status"]["node"] == "n");
    for (const std::string& secret :
         {std::string(kPassword),
          std::string(kToken),
          std::string(kApiKey),
          store.key.public_key().text().substr(8)}) {
        INFO(secret);
        CHECK(everything.find(secret) == std::string::npos);
    }
    CHECK(store.box.stop() == 0);
}

TEST_CASE("command: live sends at a higher rate, and falls back by itself", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    Inbox inbox(store.broker.port());
    const auto arrives = [&] {
        return inbox.next_where([](const Json& object) {
            return object.value("metric", "") == "slow.level";
        });
    };
    const auto seen = [&] {
        return inbox.values("slow.level").size();
    };
    store.send({"slow.level 1"});
    REQUIRE(store.box.flush());
    CHECK(
        store.cmd({"live", "series=slow.*", "every_s=1", "ttl_s=600"})["detail"] ==
        R"({"series":1})"
    );
    REQUIRE(arrives());
    store.send({"slow.level 2"});
    REQUIRE(arrives());

    // The end of the process is its end, too: the window of a day is closed by nobody.
    store.box.kill();
    REQUIRE(store.box.start_collecting());
    REQUIRE(store.comes_online());
    const std::size_t before = seen();
    store.send({"slow.level 4"});
    REQUIRE(store.passes(3));
    REQUIRE(store.box.flush());
    CHECK(seen() == before);

    CHECK(store.cmd({"live", "series=slow.*", "every_s=1", "ttl_s=2"})["state"] == "succeeded");
    REQUIRE(arrives());
    REQUIRE(store.passes(4));
    store.send({"slow.level 8"});
    REQUIRE(store.passes(3));
    // A snapshot brings what nobody closed meanwhile, and only that.
    CHECK(store.cmd({"snapshot", "series=slow.*"})["detail"] == R"({"series":1})");
    REQUIRE(arrives());
    const std::vector<double> parts = inbox.values("slow.level");
    CHECK(parts.back() == 8);
    CHECK(store.box.stop() == 0);
}

TEST_CASE("command: what this version cannot do it says", "[e2e]") {
    if (cannot_ask_here()) {
        return;
    }
    AskedStore store;
    const auto detail = [&](const std::vector<std::string>& words, const std::string& state) {
        const Json outcome = store.cmd(words);
        CHECK(outcome["state"] == state);
        return outcome["detail"].get<std::string>();
    };
    CHECK(
        detail({"run_probe", "probe=dns"}, "failed").find("target= say what") != std::string::npos
    );
    CHECK(
        detail({"run_probe", "probe=nosuch", "target=192.0.2.1"}, "failed").find("is unknown") !=
        std::string::npos
    );
    CHECK(detail({"snapshot"}, "failed").find("series=") == 0);
    CHECK(detail({"query", "serie=x"}, "failed").find("serie is unknown") == 0);
    CHECK(detail({"query", "from_ms=0"}, "failed").find("to_ms is missing") == 0);
    CHECK(
        detail({"replay", "from_ms=0", "to_ms=1", "id=xyz"}, "failed").find("16 hex") !=
        std::string::npos
    );
    const std::string epoch = store.box.status()["epoch"];
    CHECK(
        detail({"resend", "lane=1", "epoch=" + epoch, "first=1", "last=9"}, "succeeded")
            .find("sent again") != std::string::npos
    );
    CHECK(store.box.stop() == 0);
}

}  // namespace cxedge::test
