// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's
using test::ConfigFiles;
using Lines = std::vector<std::string>;

namespace {

const std::string kSite = R"([node]
tenant = "acme"
[spool]
max_mib = 8
[[source]]
plugin = "box"
interval_s = 60
)";

Result<config::Loaded> load(const ConfigFiles& files, const std::string& remote) {
    files.write("site.toml", kSite);
    config::LoadOptions options;
    options.site_file = files.path("site.toml");
    options.profiles_dir = files.path("");
    options.remote = remote;
    return config::load(options);
}

TEST_CASE("remote layer: lies above the site's file", "[config]") {
    const ConfigFiles files;
    const auto loaded = load(files, R"([spool]
max_mib = 16
[[source]]
name = "box"
interval_s = 10
[[source]]
plugin = "statsd"
)");
    REQUIRE(loaded.ok());
    CHECK(loaded->config.node.tenant == "acme");
    CHECK(loaded->config.spool.max_mib == 16);
    REQUIRE(loaded->config.sources.size() == 2);
    CHECK(
        std::get<std::int64_t>(loaded->config.sources[0].settings.find("interval_s")->value) == 10
    );
    const SettingsNode* quota = loaded->merged.find("spool")->find("max_mib");
    CHECK(to_string(quota->position) == "remote:2:11");
    CHECK(quota->position.layer == "remote");
}

TEST_CASE("remote layer: what only the box decides is refused with its place", "[config]") {
    const ConfigFiles files;
    const auto loaded = load(files, R"(profile = "other"
[node]
tenant = "evil"
[remote]
keys = []
[agent]
control_socket = "/x"
log_level = "debug"
)");
    REQUIRE_FALSE(loaded.ok());
    const std::string why = "only this box's own file may say it, not what comes from remote";
    const std::string& text = loaded.error().message;
    CHECK_THAT(text, Catch::Contains("remote:1:1: profile: " + why));
    CHECK_THAT(text, Catch::Contains("remote:2:2: node: " + why));
    CHECK_THAT(text, Catch::Contains("remote:4:2: remote: " + why));
    CHECK_THAT(text, Catch::Contains("remote:7:1: agent.control_socket: " + why));
    CHECK_THAT(text, !Catch::Contains("log_level"));
}

TEST_CASE("remote layer: mistakes have line and column", "[config]") {
    const ConfigFiles files;
    const auto loaded = load(files, "[spool]\nmax_mib = 0\n[uplink]\nbroker = \"http://x\"\n");
    REQUIRE_FALSE(loaded.ok());
    CHECK_THAT(
        loaded.error().message, Catch::Contains("remote:2:11: spool.max_mib: 0 is less than 1")
    );
    CHECK_THAT(loaded.error().message, Catch::Contains("remote:4:10: uplink.broker: "));
}

TEST_CASE("remote keys: two at most, in their one form", "[config]") {
    const ConfigFiles files;
    const std::string key = "\"ed25519:" + std::string(64, 'a') + "\"";
    CHECK(files.load("[remote]\nkeys = [" + key + "," + key + "]\ngroups = [\"canary\"]\n").ok());
    CHECK(
        files.problems("[remote]\nkeys = [" + key + "," + key + "," + key + "]\n") ==
        Lines{
            "site.toml:2:8: remote.keys: at most two: the present one, and the one that follows it"}
    );
    const Lines wrong = files.problems("[remote]\nkeys = [\"rsa:1\"]\ngroups = [\"a/b\"]\n");
    REQUIRE(wrong.size() == 2);
    CHECK_THAT(wrong[0], Catch::Contains("site.toml:2:9: remote.keys"));
    CHECK_THAT(wrong[1], Catch::Contains("site.toml:3:11: remote.groups"));
}

}  // namespace
