// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "plugins/_probes/command/finding_text.hpp"
#include "plugins/_probes/command/option_settings.hpp"

#include "tests/support/catch.hpp"

using namespace cxedge;
using namespace cxedge::probes;

namespace {

const std::vector<SettingHelp> kHelp{
    {"count", "integer", "10", ""},
    {"timeout_s", "seconds", "5", ""},
    {"headers", "table of texts", "{}", ""},
    {"payload_bytes", "list of numbers", "[56]", ""},
    {"tls_verify", "true or false", "true", ""},
    {"body", "text", "", ""}};

SettingsNode settings(const std::vector<std::string>& words) {
    const auto options = parse_options(words);
    REQUIRE(options);
    return settings_from(*options, kHelp, "192.0.2.1");
}

Told told() {
    Told out;
    out.type = "http";
    out.target = "https://example.net";
    Figure ttfb;
    ttfb.info.key = {"net.http.ttfb", {{"code", "2xx"}}};
    ttfb.info.unit = "s";
    ttfb.values = {0.0125};
    Figure lost = ttfb;
    lost.info.key.metric = "net.http.tls";
    lost.values.clear();
    out.finding.figures = {ttfb, lost};
    out.finding.facts = {{"cipher", "TLS_AES_128_GCM_SHA256"}};
    return out;
}

}  // namespace

TEST_CASE("probe command: every setting is an option", "[probes]") {
    const SettingsNode node = settings(
        {"--count",
         "20",
         "--timeout-s=0.5",
         "--payload-bytes",
         "64,1200",
         "--tls-verify",
         "false",
         "--body=7",
         "--headers",
         "Accept=text/html"}
    );
    CHECK(std::get<std::int64_t>(node.find("count")->value) == 20);
    CHECK(std::get<double>(node.find("timeout_s")->value) == 0.5);
    CHECK(node.find("payload_bytes")->list()->size() == 2);
    CHECK(std::get<bool>(node.find("tls_verify")->value) == false);
    CHECK(std::get<std::string>(node.find("body")->value) == "7");
    CHECK(std::get<std::string>(node.find("headers")->find("Accept")->value) == "text/html");
    CHECK(node.find("targets")->list()->size() == 1);
    CHECK_FALSE(parse_options({"20"}));
}

TEST_CASE("probe command: people read phases, programs JSON", "[probes]") {
    const std::string text = finding_text(told());
    CHECK_THAT(text, Catch::StartsWith("http https://example.net: ok\n"));
    CHECK_THAT(text, Catch::Contains("12.500 ms"));
    CHECK_THAT(text, Catch::Contains("lost"));
    CHECK_THAT(text, Catch::Contains("TLS_AES_128_GCM_SHA256"));
    const auto json = nlohmann::json::parse(finding_json(told()));
    CHECK(json["result"] == "ok");
    CHECK(json["figures"][0]["values"][0] == 0.0125);
    CHECK(json["figures"][0]["dims"]["code"] == "2xx");
    CHECK(json["figures"][1]["values"].empty());
}

TEST_CASE("probe command: what servers say moves no cursor", "[probes]") {
    Told wild = told();
    wild.finding.detail = "answers \x1b[2J\r";
    wild.finding.facts = {{"type", "text\n/html\xff"}};
    const std::string text = finding_text(wild);
    CHECK_THAT(text, Catch::Contains("answers ?[2J?\n"));
    CHECK_THAT(text, Catch::Contains("text?/html?\n"));
}
