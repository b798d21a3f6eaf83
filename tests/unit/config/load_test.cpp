// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.hpp"

#include <algorithm>

#include <sys/stat.h>

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's
using test::ConfigFiles;
using Lines = std::vector<std::string>;

TEST_CASE("load: an empty site file gives the defaults", "[config]") {
    const ConfigFiles files;
    const auto loaded = files.load("");
    REQUIRE(loaded.ok());
    const config::AgentConfig& config = loaded->config;
    CHECK(config.node.tenant == "default");
    CHECK(config.uplink.brokers == Lines{"mqtt://127.0.0.1:1883"});
    CHECK(config.pipeline.window == std::chrono::seconds(60));
    CHECK(config.spool.seal == std::chrono::milliseconds(640));
    CHECK(config.agent.log_level == "info");
    CHECK(config.sources.empty());
    CHECK(config.rules.empty());
}

TEST_CASE("load: a store's occupancy is read, its mistakes are named", "[config]") {
    const ConfigFiles files;
    const auto loaded = files.load(R"(
[[occupancy]]
name = "shop"
[[occupancy]]
name = "annex"
doors = ["annex-*"]
reset_at = "23:30"
)");
    REQUIRE(loaded.ok());
    REQUIRE(loaded->config.occupancies.size() == 2);
    CHECK(loaded->config.occupancies[0].reset_at == "04:00");
    CHECK(loaded->config.occupancies[0].doors.empty());
    CHECK(loaded->config.occupancies[1].doors == Lines{"annex-*"});

    const auto wrong = files.load(R"([[occupancy]]
name = "shop"
reset_at = "4 am"
[[occupancy]]
name = "shop"
[[occupancy]]
doors = ["main"]
)");
    REQUIRE_FALSE(wrong.ok());
    CHECK_THAT(wrong.error().message, Catch::Contains(":3:12: occupancy[0].reset_at: must be a"));
    CHECK_THAT(wrong.error().message, Catch::Contains(":5:8: occupancy[1].name: \"shop\" is"));
    CHECK_THAT(wrong.error().message, Catch::Contains("occupancy[2].name: is missing"));
}

TEST_CASE("load: values of every type reach the structs", "[config]") {
    const ConfigFiles files;
    const auto loaded = files.load(R"(
[node]
labels = {region = "south west"}
[uplink]
keepalive_s = 12.5
[spool]
seal_ms = 250
[[rule]]
match = "till.*"
where = {till = "lane-*"}
unit = "{item}"
keep = "raw"
window_s = 0x0f
stale_s = 5
stats = ["min", "max"]
stream = "bulk"
labels = {journey = "purchase"}
[[source]]
plugin = "statsd"
listen = "127.0.0.1:0"
[[source]]
plugin = "statsd"
name = "second"
enabled = false
durable = "power"
)");
    REQUIRE(loaded.ok());
    const config::AgentConfig& config = loaded->config;
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    CHECK(config.node.labels == Pairs{{"region", "south west"}});
    CHECK(config.uplink.keepalive == std::chrono::milliseconds(12500));
    CHECK(config.spool.seal == std::chrono::milliseconds(250));
    REQUIRE(config.rules.size() == 1);
    const config::RuleConfig& rule = config.rules[0];
    CHECK(rule.match == "till.*");
    CHECK(rule.where == Pairs{{"till", "lane-*"}});
    CHECK(rule.unit == "{item}");
    CHECK(rule.keep == "raw");
    CHECK(rule.window == std::chrono::seconds(15));
    CHECK(rule.stale == std::chrono::seconds(5));
    CHECK(rule.stats == std::vector<std::string>{"min", "max"});
    CHECK(rule.stream == "bulk");
    CHECK(rule.labels == Pairs{{"journey", "purchase"}});
    REQUIRE(config.sources.size() == 2);
    CHECK(config.sources[0].name == "statsd");
    CHECK(config.sources[0].enabled);
    CHECK(config.sources[0].durable == "process");
    CHECK(
        to_toml_value(config.sources[0].settings) ==
        R"({plugin = "statsd", listen = "127.0.0.1:0"})"
    );
    CHECK(config.sources[1].name == "second");
    CHECK_FALSE(config.sources[1].enabled);
    CHECK(config.sources[1].durable == "power");
}

TEST_CASE("load: the site's values win over the profile's, those over the defaults", "[config]") {
    const ConfigFiles files;
    files.write("box-a.toml", R"(
[pipeline]
window_s = 10
stale_s = 20
[[rule]]
match = "p"
keep = "raw"
[[source]]
plugin = "box"
interval_s = 30
)");
    const auto loaded = files.load(R"(
profile = "box-a"
[pipeline]
stale_s = 40
[[rule]]
match = "s"
keep = "drop"
[[source]]
name = "box"
enabled = false
)");
    REQUIRE(loaded.ok());
    const config::AgentConfig& config = loaded->config;
    CHECK(config.profile == "box-a");
    CHECK(config.pipeline.window == std::chrono::seconds(10));
    CHECK(config.pipeline.stale == std::chrono::seconds(40));
    CHECK(config.pipeline.max_series == 20000);
    REQUIRE(config.rules.size() == 2);
    CHECK(config.rules[0].match == "s");
    REQUIRE(config.sources.size() == 1);
    CHECK(config.sources[0].plugin == "box");
    CHECK_FALSE(config.sources[0].enabled);
    CHECK(config.sources[0].settings.find("interval_s") != nullptr);
    const SettingsNode* pipeline = loaded->merged.find("pipeline");
    CHECK(pipeline->find("window_s")->position.layer == "profile");
    CHECK(to_string(pipeline->find("window_s")->position) == files.path("box-a.toml") + ":3:12");
    CHECK(pipeline->find("stale_s")->position.layer == "site");
    CHECK(to_string(pipeline->find("stale_s")->position) == files.path("site.toml") + ":4:11");
    CHECK(pipeline->find("max_series")->position.layer == "built-in");
}

TEST_CASE("load: mistakes of a profile are reported in its file", "[config]") {
    const ConfigFiles files;
    files.write("p.toml", "profile = \"q\"\n[uplink]\nwindow = 0\nx = = 1\n");
    CHECK(
        files.problems("profile = \"p\"\n[node]\nsite = 3\n") ==
        Lines{
            "p.toml:1:1: profile: a profile cannot name another profile",
            "p.toml:3:10: uplink.window: 0 is less than 1",
            "p.toml:4:5: syntax error in value: could not determine value type",
            "site.toml:3:8: node.site: is an integer, but text is needed",
        }
    );
}

TEST_CASE("load: a profile that does not exist", "[config]") {
    const ConfigFiles files;
    CHECK(
        files.problems("profile = \"x\"") ==
        Lines{
            "site.toml:1:11: profile: there is no profile \"x\" in " +
            files.path("").substr(0, files.path("").size() - 1) + ", which has: site"}
    );
    files.write("store-gateway.toml", "");
    CHECK(
        files.problems("profile = \"store-gatway\"") ==
        Lines{
            R"(site.toml:1:11: profile: there is no profile "store-gatway"; did you mean "store-gateway"?)"}
    );
    CHECK(
        files.problems("profile = \"../etc/x\"") ==
        Lines{R"(site.toml:1:11: profile: "../etc/x" may hold only letters, digits and ._-)"}
    );
    CHECK(
        files.problems("profile = 3") ==
        Lines{"site.toml:1:11: profile: is an integer, but text is needed"}
    );
    CHECK(files.problems("profile = \"catalogue\"").size() == 1);
}

TEST_CASE("load: a site file that cannot be read keeps its code", "[config]") {
    const ConfigFiles files;
    const auto missing = config::load({files.path("none.toml"), files.path("")});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(
        missing.error().message ==
        "reading the configuration: " + files.path("none.toml") + ": No such file or directory"
    );
    files.write("big.toml", std::string(300'000, '#'));
    const auto big = config::load({files.path("big.toml"), files.path("")});
    REQUIRE_FALSE(big.ok());
    CHECK(big.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("load: all mistakes at once, each with its place", "[config]") {
    const ConfigFiles files;
    files.write("store-gateway.toml", "");
    const Lines found = files.problems(R"(profile = "store-gatway"
[node]
tenant = "acme/eu"
site = ""
labels = { "a b" = "x", floor = 2, wing = "" }
[uplink]
broker = "tcp://broker:1883"
keepalive_s = 99999
windw = 3
ca_file = "ca.pem"
key_file = "/etc/key.pem"
password_file = "/etc/password"
[spool]
max_mib = "256"
seal_ms = 1
seal_samples = 1.5
[agnet]
log_level = "debug"
[agent]
log_level = "verbose"
log_level = "info"
heartbeat_s = 2026-01-01
[pipeline]
window_s = 7
[[rule]]
match = "till *"
unit = "seconds"
where = { "x/y" = "*" }
[[rule]]
keep = "raww"
stats = ["mean", "avg"]
[[rule]]
match = ""
window_s = 3700
[[rule]]
match = "x"
[[source]]
plugin = "statsd"
enabled = "yes"
durable = "disk"
[[source]]
plugin = "statsd"
[[source]]
name = "no/thing"
x = "unterminated
y = inf
[[source]]
plugin = "box"
name = 'b#'
)");
    CHECK(
        found ==
        test::sorted({
            "site.toml:1:11: profile: there is no profile \"store-gatway\"; did you mean "
            "\"store-gateway\"?",
            "site.toml:3:10: node.tenant: \"acme/eu\" may hold only letters, digits and ._-",
            "site.toml:4:8: node.site: is empty",
            "site.toml:5:12: node.labels.\"a b\": key \"a b\" may hold only letters, digits and "
            "._-",
            "site.toml:5:33: node.labels.floor: is an integer, but text is needed",
            "site.toml:5:43: node.labels.wing: needs 1 to 128 bytes without control characters",
            "site.toml:7:10: uplink.broker: \"tcp://broker:1883\" does not begin with mqtt:// or "
            "mqtts://",
            "site.toml:8:15: uplink.keepalive_s: 99999 is more than 3600",
            "site.toml:9:1: uplink.windw: unknown setting; did you mean \"window\"?",
            "site.toml:10:11: uplink.ca_file: \"ca.pem\" is not an absolute path, nor "
            "credential:NAME",
            "site.toml:11:12: uplink.key_file: needs certificate_file, the certificate it belongs "
            "to",
            "site.toml:12:17: uplink.password_file: needs username",
            "site.toml:14:11: spool.max_mib: is a text, but integer is needed",
            "site.toml:15:11: spool.seal_ms: 1 is less than 10",
            "site.toml:16:16: spool.seal_samples: is a number, but integer is needed",
            "site.toml:17:2: agnet: unknown setting; did you mean \"agent\"?",
            "site.toml:20:13: agent.log_level: \"verbose\" is not one of \"debug\", \"info\", "
            "\"warn\", \"error\"",
            "site.toml:21:13: syntax error in key-value pair: cannot redefine existing string "
            "'log_level'",
            "site.toml:22:15: agent.heartbeat_s: is a date or time: write it as a text, in quotes",
            "site.toml:24:12: pipeline.window_s: 7 does not divide a day into whole windows",
            "site.toml:26:9: rule[0].match: \"till *\" may hold only letters, digits, ._/- and *",
            "site.toml:27:8: rule[0].unit: \"seconds\" is not a UCUM unit; did you mean \"s\"?",
            "site.toml:28:11: rule[0].where.\"x/y\": key \"x/y\" may hold only letters, digits and "
            "._-",
            "site.toml:29:1: rule[1].match: is missing: Metric name this rule is for; * stands for "
            "any characters",
            "site.toml:30:8: rule[1].keep: \"raww\" is not one of \"window\", \"raw\", \"drop\"; "
            "did you mean \"raw\"?",
            "site.toml:31:18: rule[1].stats[1]: \"avg\" is not one of \"mean\", \"min\", \"max\", "
            "\"last\"",
            "site.toml:33:9: rule[2].match: is empty: name a metric, or write \"*\" for all of "
            "them",
            "site.toml:34:12: rule[2].window_s: 3700 does not divide a day into whole windows",
            "site.toml:35:1: rule[3]: decides nothing: add unit, keep, window_s, stale_s, stuck_s, "
            "stats, "
            "stream or labels",
            "site.toml:39:11: source.statsd.enabled: is a text, but true or false is needed",
            "site.toml:40:11: source.statsd.durable: \"disk\" is not one of \"process\", \"power\"",
            "site.toml:41:1: source.statsd: this name is taken by the source at site.toml:37:1; "
            "give it a name of its own",
            "site.toml:43:1: source.no/thing.plugin: is missing: Which plugin collects: statsd, "
            "kpi_socket, box, camera, synthetic",
            "site.toml:44:8: source.no/thing.name: \"no/thing\" may hold only letters, digits and "
            "._-",
            "site.toml:45:18: syntax error in string: the closing quote is missing on this line",
            "site.toml:46:5: source[2].y: is not a finite number",
            "site.toml:49:8: source.b#.name: \"b#\" may hold only letters, digits and ._-",
        })
    );
}

TEST_CASE("load: certificates go with keys and with TLS", "[config]") {
    const ConfigFiles files;
    CHECK(
        files.problems("[uplink]\nbroker = \"mqtts://b\"\ncertificate_file = \"/c\"\n") ==
        Lines{"site.toml:3:20: uplink.certificate_file: needs key_file, its private key"}
    );
    CHECK(
        files.problems("[uplink]\ncertificate_file = \"/c\"\nkey_file = \"/k\"\nca_file = \"/a\"\n"
        ) ==
        Lines{
            "site.toml:2:20: uplink.certificate_file: has no effect without TLS: broker must begin "
            "with mqtts://",
            "site.toml:4:11: uplink.ca_file: has no effect without TLS: broker must begin with "
            "mqtts://",
        }
    );
    // A mistyped address or path must not lead to further complaints.
    CHECK(files.problems("[uplink]\nbroker = \"mqtts//b\"\nca_file = \"/a\"\n").size() == 1);
    CHECK(
        files
            .problems(
                "[uplink]\nbroker = \"mqtts://b\"\ncertificate_file = \"c\"\nkey_file = \"/k\"\n"
            )
            .size() == 1
    );
}

TEST_CASE("load: one broker, or several in order of preference", "[config]") {
    const ConfigFiles files;
    CHECK(files.problems("[uplink]\nbroker = [\"mqtts://a\", \"mqtt://b:1884\"]\n").empty());
    CHECK(
        files.problems("[uplink]\nbroker = [\"mqtts://a\", \"b\"]\n") ==
        Lines{"site.toml:2:24: uplink.broker[1]: \"b\" does not begin with mqtt:// or mqtts://"}
    );
    CHECK(
        files.problems("[uplink]\nbroker = []\n") ==
        Lines{"site.toml:2:10: uplink.broker: is empty, but at least one text is needed"}
    );
    CHECK(
        files.problems("[uplink]\nbroker = 7\n") ==
        Lines{"site.toml:2:10: uplink.broker: is an integer, but text or list of texts is needed"}
    );
    // One of them with TLS is enough for its files.
    CHECK(files.problems("[uplink]\nbroker = [\"mqtt://a\", \"mqtts://b\"]\nca_file = \"/c\"\n")
              .empty());
    CHECK(
        files.problems("[uplink]\nbroker = [\"mqtt://a\", \"mqtt://b\"]\nca_file = \"/c\"\n")
            .size() == 1
    );
}

TEST_CASE("load: windows divide a day", "[config]") {
    const ConfigFiles files;
    for (const std::string window : {"1", "2.5", "5", "60", "900", "3600", "86400"}) {
        CHECK(files.problems("[pipeline]\nwindow_s = " + window + "\n").empty());
        CHECK(files.problems("[[rule]]\nmatch = \"*\"\nwindow_s = " + window + "\n").empty());
    }
    for (const std::string window : {"7", "3700", "50000", "1.0007"}) {
        const std::string why = ": " + window + " does not divide a day into whole windows";
        CHECK(
            files.problems("[pipeline]\nwindow_s = " + window + "\n") ==
            Lines{
                "site.toml:2:12: pipeline.window_s" +
                (window == "1.0007" ? ": 1.001 does not divide a day into whole windows" : why)}
        );
    }
    CHECK(
        files.problems("[[rule]]\nmatch = \"*\"\nwindow_s = 7\n") ==
        Lines{"site.toml:3:12: rule[0].window_s: 7 does not divide a day into whole windows"}
    );
    CHECK(
        files.problems("[pipeline]\nwindow_s = 0.5\n") ==
        Lines{"site.toml:2:12: pipeline.window_s: 0.5 is less than 1"}
    );
}

TEST_CASE("load: names that would break a topic are refused", "[config]") {
    const ConfigFiles files;
    for (const std::string bad : {"a/b", "+", "#", "a b", "", "\\u00e9", "x\\u0000"}) {
        CAPTURE(bad);
        CHECK(files.problems("[node]\ntenant = \"" + bad + "\"\n").size() == 1);
        CHECK(files.problems("[node]\nsite = \"" + bad + "\"\n").size() == 1);
        CHECK(files.problems("[node]\nid = \"" + bad + "\"\n").size() == (bad.empty() ? 0 : 1));
    }
    CHECK(files.problems("[node]\nid = \"" + std::string(64, 'x') + "\"\n").empty());
    CHECK(
        files.problems("[node]\nid = \"" + std::string(65, 'x') + "\"\n") ==
        Lines{"site.toml:2:6: node.id: is longer than 64 characters"}
    );
}

TEST_CASE("load: sources need a plugin and a name of their own", "[config]") {
    const ConfigFiles files;
    CHECK(
        files.problems("[[source]]\nplugin = \"a\"\n[[source]]\nplugin = \"a\"\n") ==
        Lines{"site.toml:3:1: source.a: this name is taken by the source at site.toml:1:1; give it "
              "a name of its own"}
    );
    CHECK(
        files.problems("[[source]]\nplugin = \"a\"\n[[source]]\nplugin = \"b\"\nname = \"a\"\n") ==
        Lines{"site.toml:5:8: source.a: this name is taken by the source at site.toml:1:1; give it "
              "a name of its own"}
    );
    CHECK(
        files.problems("[[source]]\nlisten = \"x\"\n[[source]]\nname = \"n\"\n") ==
        test::sorted({
            "site.toml:1:1: source[0].plugin: is missing: Which plugin collects: statsd, "
            "kpi_socket, box, camera, synthetic",
            "site.toml:3:1: source.n.plugin: is missing: Which plugin collects: statsd, "
            "kpi_socket, box, camera, synthetic",
        })
    );
    CHECK(
        files.problems("source = [1]\nrule = [\"x\"]\n") ==
        test::sorted({
            "site.toml:1:11: source[0]: is an integer, but a table is needed",
            "site.toml:2:9: rule[0]: is a text, but a table is needed",
        })
    );
    CHECK(
        files.problems("[source]\nplugin = \"x\"\n[rule]\n") ==
        test::sorted({
            "site.toml:1:1: source: is a table, but a list is needed: write [[source]]",
            "site.toml:3:1: rule: is a table, but a list is needed: write [[rule]]",
        })
    );
}

TEST_CASE("load: a section that is no table is one mistake", "[config]") {
    const ConfigFiles files;
    CHECK(
        files.problems("uplink = 3\npipeline = []\n") ==
        test::sorted({
            "site.toml:1:10: uplink: is an integer, but a table is needed",
            "site.toml:2:12: pipeline: is a list, but a table is needed",
        })
    );
}

TEST_CASE("settings_help: every key once, with a help text", "[config]") {
    std::vector<std::string> keys;
    for (const SettingHelp& setting : config::settings_help()) {
        CAPTURE(setting.key);
        CHECK(setting.help.size() >= 10);
        keys.push_back(setting.key);
    }
    CHECK(std::count(keys.begin(), keys.end(), "uplink.broker") == 1);
    CHECK(std::count(keys.begin(), keys.end(), "rule.match") == 1);
    CHECK(std::count(keys.begin(), keys.end(), "source.durable") == 1);
    const std::size_t all = keys.size();
    keys = test::sorted(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    CHECK(keys.size() == all);
    CHECK(
        config::common_source_keys() ==
        std::vector<std::string>{
            "plugin",
            "name",
            "enabled",
            "durable",
            "limit_memory_mib",
            "limit_tasks",
            "limit_cpu_percent"}
    );
}
