// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's

namespace {

SettingsNode tree(const std::string& text, const std::string& layer = "site") {
    SettingsProblems problems;
    SettingsNode node = config::parse_toml(text, layer + ".toml", layer, problems);
    CAPTURE(text, problems.lines());
    REQUIRE(problems.empty());
    return node;
}

std::string merged(const std::string& base, const std::string& over) {
    return to_toml_value(config::merge(tree(base, "profile"), tree(over)));
}

}  // namespace

TEST_CASE("merge: tables merge by key, everything else is replaced", "[config]") {
    CHECK(
        merged(
            "[a]\nx = 1\ny = 2\nl = [1, 2]\n[b]\nz = 1\n",
            "[a]\ny = 3\nl = [9]\nn = 4\n[c]\nk = 1\n"
        ) == "{a = {x = 1, y = 3, l = [9], n = 4}, b = {z = 1}, c = {k = 1}}"
    );
    CHECK(merged("[a.b]\nx = 1\n", "[a]\nb = 5\n") == "{a = {b = 5}}");
    CHECK(merged("[a]\nb = 5\n", "[a.b]\nx = 1\n") == "{a = {b = {x = 1}}}");
    CHECK(merged("a = 1\n", "") == "{a = 1}");
    CHECK(merged("", "a = 1\n") == "{a = 1}");
}

TEST_CASE("merge: sources by name, which is the plugin's unless given", "[config]") {
    const std::string base = R"(
[[source]]
plugin = "statsd"
listen = "a"
dims = {x = "1"}
[[source]]
plugin = "box"
name = "health"
)";
    const std::string over = R"(
[[source]]
plugin = "box"
[[source]]
name = "statsd"
dims = {y = "2"}
enabled = false
[[source]]
name = "health"
interval_s = 5
)";
    CHECK(
        merged(base, over) ==
        R"({source = [{plugin = "statsd", listen = "a", dims = {x = "1", y = "2"}, name = "statsd", enabled = false}, )"
        R"({plugin = "box", name = "health", interval_s = 5}, {plugin = "box"}]})"
    );
}

TEST_CASE("merge: two sources of one name in a layer stay two", "[config]") {
    CHECK(
        merged(
            "[[source]]\nplugin = \"a\"\n",
            "[[source]]\nplugin = \"a\"\nx = 1\n[[source]]\nplugin = \"a\"\nx = 2\n"
        ) == R"({source = [{plugin = "a", x = 1}, {plugin = "a", x = 2}]})"
    );
    CHECK(
        merged("[[source]]\nx = 1\n", "[[source]]\ny = 1\n") == R"({source = [{x = 1}, {y = 1}]})"
    );
}

TEST_CASE("merge: rules of the upper layer come first", "[config]") {
    CHECK(
        merged(
            "[[rule]]\nmatch = \"p1\"\n[[rule]]\nmatch = \"p2\"\n",
            "[[rule]]\nmatch = \"s1\"\n[[rule]]\nmatch = \"s2\"\n"
        ) == R"({rule = [{match = "s1"}, {match = "s2"}, {match = "p1"}, {match = "p2"}]})"
    );
}

TEST_CASE("merge: only top-level source and rule are special", "[config]") {
    CHECK(
        merged("[x]\nrule = [1]\nsource = [1]\n", "[x]\nrule = [2]\nsource = [2]\n") ==
        "{x = {rule = [2], source = [2]}}"
    );
}

TEST_CASE("merge: every leaf keeps its origin", "[config]") {
    const SettingsNode node = config::merge(
        tree("[a]\nx = 1\ny = 2\n[[source]]\nplugin = \"p\"\nk = 1\nl = 2\n", "profile"),
        tree("[a]\ny = 3\n[[source]]\nname = \"p\"\nk = 5\n")
    );
    const SettingsNode* a = node.find("a");
    CHECK(to_string(a->find("x")->position) == "profile.toml:2:5");
    CHECK(a->find("x")->position.layer == "profile");
    CHECK(to_string(a->find("y")->position) == "site.toml:2:5");
    CHECK(a->find("y")->position.layer == "site");
    const SettingsNode& source = node.find("source")->list()->front();
    CHECK(to_string(source.find("k")->position) == "site.toml:5:5");
    CHECK(to_string(source.find("l")->position) == "profile.toml:7:5");
}

TEST_CASE("show: one line a leaf, with its origin on request", "[config]") {
    const SettingsNode node = config::merge(
        tree("[uplink]\nwindow = 8\n[[source]]\nplugin = \"box\"\ndisks = [\"/\"]\n", "profile"),
        tree("[uplink]\nbroker = \"mqtt://b\"\n[[rule]]\nmatch = \"x\"\n[[source]]\nplugin = "
             "\"statsd\"\nname = "
             "\"a.b\"\n[[source.s]]\nk = {}\n")
    );
    CHECK(
        config::show(node, false) ==
        "uplink.window = 8\n"
        "uplink.broker = \"mqtt://b\"\n"
        "source.box.plugin = \"box\"\n"
        "source.box.disks = [\"/\"]\n"
        "source.\"a.b\".plugin = \"statsd\"\n"
        "source.\"a.b\".name = \"a.b\"\n"
        "source.\"a.b\".s[0].k = {}\n"
        "rule[0].match = \"x\"\n"
    );
    const std::string with_origin = config::show(node, true);
    CHECK(
        with_origin.find("uplink.window = 8   # profile.toml:2:10 (profile)\n") != std::string::npos
    );
    CHECK(
        with_origin.find("rule[0].match = \"x\"   # site.toml:4:9 (site)\n") != std::string::npos
    );
}

TEST_CASE("show: defaults say that they are built in", "[config]") {
    const test::ConfigFiles files;
    const auto loaded = files.load("");
    REQUIRE(loaded.ok());
    CHECK(
        config::show(loaded->merged, true).find("uplink.window = 32   # built-in\n") !=
        std::string::npos
    );
    CHECK(config::show(SettingsNode{}, true).empty());
}
