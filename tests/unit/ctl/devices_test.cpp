// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/devices.hpp"

#include "agent/control/control.hpp"
#include "agent/ctl/plugins.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

telemetry::Health two_devices() {
    telemetry::Health health;
    health.devices = {
        {"push", "main door", "PC2S", "5.1.2", -1, true, 3},
        {"zigbee", "back door", "", "", 12, false, 90'000}};
    return health;
}

TEST_CASE("devices: silent ones come first, what was not told is a dash", "[ctl]") {
    const std::string table = device_table(two_devices());
    CHECK(table.find("back door") < table.find("main door"));
    CHECK(table.find("12 %") != std::string::npos);
    CHECK(table.find("5.1.2") != std::string::npos);
    CHECK(table.find("down") != std::string::npos);
    CHECK(device_table({}) == "no device was heard of yet\n");
}

TEST_CASE("devices: one JSON object a line, without what was not told", "[ctl]") {
    CHECK(
        device_lines(two_devices()) ==
        R"({"device":"main door","firmware":"5.1.2","last_seen_age_s":3.0,"model":"PC2S","source":"push","up":true})"
        "\n"
        R"({"battery":12.0,"device":"back door","last_seen_age_s":90000.0,"source":"zigbee","up":false})"
        "\n"
    );
}

TEST_CASE("devices: they travel with the agent's health", "[ctl]") {
    const auto back = control::parse_status_answer(control::status_answer(two_devices()));
    REQUIRE(back);
    REQUIRE(back->devices.size() == 2);
    CHECK(back->devices[1].battery == 12);
    CHECK(back->devices[0].model == "PC2S");
}

TEST_CASE("plugins: each has a line, a name gives its sample", "[ctl]") {
    const auto list = plugins_text({});
    REQUIRE(list);
    for (const PluginEntry& plugin : plugin_list()) {
        INFO(plugin.name);
        CHECK(list->find(plugin.name + " ") != std::string::npos);
        CHECK_FALSE(plugin.summary.empty());
        const auto sample = plugins_text({plugin.name, false});
        REQUIRE(sample);
        CHECK(sample->find("[[source]]\nplugin = \"" + plugin.name + "\"") != std::string::npos);
    }
    CHECK(plugins_text({"statsd", true})->starts_with("{"));
}

TEST_CASE("plugins: a mistyped name is answered with the nearest", "[ctl]") {
    const auto text = plugins_text({"stasd", false});
    REQUIRE_FALSE(text);
    CHECK(text.error().message.find("did you mean statsd?") != std::string::npos);
}

}  // namespace
}  // namespace cxedge::ctl
