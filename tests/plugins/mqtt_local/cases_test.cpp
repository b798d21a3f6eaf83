// SPDX-License-Identifier: Apache-2.0
// plugins/mqtt_local/testcases: each file of input/ is a message, its first line the topic, with
// " retained" behind it if the broker has it before the source comes.
#include <fmt/core.h>

#include "plugins/mqtt_local/mqtt_local.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/case_run.hpp"
#include "tests/plugins/mqtt_local/publisher.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRetained = " retained";

// The source of a case, at the broker of the test instead of the one in its settings.
class CaseSource final : public Source {
public:
    explicit CaseSource(std::uint16_t port) : port_(port) {}

    void init(const SettingsNode& settings, SettingsProblems& problems) override {
        SettingsNode here = settings;
        SettingsNode* const broker = here.find("broker");
        const auto* const url =
            broker == nullptr ? nullptr : std::get_if<std::string>(&broker->value);
        if (url != nullptr && *url == "mqtt://shop") {
            broker->value = fmt::format("mqtt://127.0.0.1:{}", port_);
        }
        source_.init(here, problems);
    }
    Status start(Host& host) override { return source_.start(host); }
    void stop() override { source_.stop(); }

private:
    std::uint16_t port_;
    plugins::MqttLocal source_;
};

struct CaseMessage {
    std::string topic;
    std::string payload;
    bool retained = false;
};

CaseMessage case_message(const fs::path& file) {
    const std::string text = read_text(file);
    const std::size_t end = text.find('\n');
    CaseMessage message{text.substr(0, end), text.substr(end + 1)};
    message.retained = message.topic.ends_with(kRetained);
    if (message.retained) {
        message.topic.resize(message.topic.size() - kRetained.size());
    }
    return message;
}

void publish_all(const CaseRun& run, std::uint16_t port, bool retained) {
    Publisher devices(port);
    for (const fs::path& file : entries(run.folder / "input")) {
        const CaseMessage message = case_message(file);
        if (message.retained == retained) {
            devices.send(message.topic, message.payload, retained);
        }
    }
}

// The source subscribes when its loop runs for the first time, which is here.
void feed_messages(CaseRun& run, std::uint16_t port) {
    publish_all(run, port, true);
    REQUIRE(run.host.run_until([&] {
        return !run.host.problems.empty() && run.host.problems.back().empty();
    }));
    publish_all(run, port, false);
    const std::size_t due = read_lines(run.folder / "expected.txt").size();
    static_cast<void>(run.host.run_until([&] { return run.host.readings.size() >= due; }));
    for (int i = 0; i < 100; ++i) {
        run.host.loop().poll();
    }
}

}  // namespace

TEST_CASE("plugins: mqtt_local does what its cases say", "[plugins][mqtt_local]") {
    if (!MosquittoServer::available()) {
        WARN("skipped: needs mosquitto");
        return;
    }
    const MosquittoServer broker;
    check_plugin({
        "mqtt_local",
        [&] { return std::make_unique<CaseSource>(broker.port()); },
        [&](CaseRun& run, Source& /*source*/) { feed_messages(run, broker.port()); },
    });
}

}  // namespace cxedge::test
