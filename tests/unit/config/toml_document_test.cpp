// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's
using config::parse_toml;

namespace {

SettingsNode parsed(const std::string& text) {
    SettingsProblems problems;
    SettingsNode node = parse_toml(text, "f.toml", "site", problems);
    CAPTURE(text, problems.lines());
    REQUIRE(problems.empty());
    return node;
}

std::vector<std::string> problems_of(const std::string& text) {
    SettingsProblems problems;
    const SettingsNode node = parse_toml(text, "f.toml", "site", problems);
    CHECK(node.table() != nullptr);
    return problems.lines();
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("toml: every kind of value, in the order of the file", "[config]") {
    const SettingsNode root =
        parsed("z = 1\na = -2.5\nm = \"text\"\nb = true\nl = [1, [2]]\nt = {y = 1, x = 2}\n");
    REQUIRE(root.table() != nullptr);
    std::string order;
    for (const auto& [key, node] : *root.table()) {
        order += key;
    }
    CHECK(order == "zamblt");
    CHECK(
        to_toml_value(root) ==
        R"({z = 1, a = -2.5, m = "text", b = true, l = [1, [2]], t = {y = 1, x = 2}})"
    );
}

TEST_CASE("toml: values and keys know their place", "[config]") {
    const SettingsNode root =
        parsed("top = 1\n\n[a.b]\n  key =   \"v\"\n[[list]]\nx = [1,\n   2]\n");
    const SettingsNode* key = root.find("a")->find("b")->find("key");
    CHECK(to_string(key->position) == "f.toml:4:11");
    CHECK(to_string(key->key_position) == "f.toml:4:3");
    CHECK(key->position.layer == "site");
    const SettingsNode& item = root.find("list")->list()->front();
    CHECK(to_string(item.position) == "f.toml:5:1");
    CHECK(to_string(item.find("x")->list()->at(1).position) == "f.toml:7:4");
    CHECK(to_string(root.find("a")->key_position) == "f.toml:3:2");
}

TEST_CASE("toml: an empty or commented-out document is an empty table", "[config]") {
    for (const std::string text :
         {"", "\n\n", "# nothing\n", "\xEF\xBB\xBF# with a byte order mark\r\n"}) {
        CHECK(parsed(text).table()->empty());
    }
}

TEST_CASE("toml: a syntax error has its place, and the lines after it are still read", "[config]") {
    SettingsProblems problems;
    const SettingsNode root =
        parse_toml("a = 1\nb = \"open\nc = 3\nc = 4\nd = = 5\ne = 6\n", "f.toml", "site", problems);
    CHECK(
        problems.lines() ==
        Lines{
            "f.toml:2:10: syntax error in string: the closing quote is missing on this line",
            "f.toml:4:5: syntax error in key-value pair: cannot redefine existing integer 'c'",
            "f.toml:5:5: syntax error in value: could not determine value type",
        }
    );
    CHECK(to_toml_value(root) == "{a = 1, c = 3, e = 6}");
}

TEST_CASE("toml: errors that reach beyond their line end the reading", "[config]") {
    const Lines header = problems_of("[agent\nlog_level = 7\nx = = 1\n");
    CHECK(header == Lines{R"(f.toml:1:7: syntax error in table header: expected ']', saw '\n')"});
    CHECK(
        problems_of("[a]\nx = 1\n[a]\ny = 2\n") ==
        Lines{"f.toml:3:1: syntax error in table header: cannot redefine existing table 'a'"}
    );
    CHECK(problems_of("a = [1,\nb = 2\nc = 3\n").size() == 1);
    CHECK(problems_of("a = \"\"\"\nx\ny\n").size() == 1);
}

TEST_CASE("toml: a brace that closes a list is a mistake, not a crash", "[config]") {
    CHECK(
        problems_of("a = [}\n") ==
        Lines{"f.toml:1:6: syntax error in value: could not determine value type"}
    );
    CHECK(problems_of("a = [1,}\n").size() == 1);
}

TEST_CASE("toml: characters beyond ASCII outside of texts are mistakes, not crashes", "[config]") {
    for (const std::string character : {"\u00e9", "\u1441", "\u2100", "\u3001", "\U0001F600"}) {
        CAPTURE(character);
        CHECK(problems_of(character + " = 1\n").size() == 1);
        CHECK(problems_of("a = " + character + "\n").size() == 1);
        CHECK(problems_of("a = 1 " + character + "\n").size() == 1);
        CHECK(problems_of("a = \"" + character + "\" # " + character + "\n").empty());
    }
}

TEST_CASE("toml: at most 20 syntax errors are listed", "[config]") {
    std::string text;
    for (int i = 0; i < 50; ++i) {
        text += "= 1\n";
    }
    CHECK(problems_of(text).size() == 20);
}

TEST_CASE("toml: what is not UTF-8 is refused with its place", "[config]") {
    CHECK(
        problems_of("a = 1\nb = \"\xff\"\n") ==
        Lines{"f.toml:2:5: syntax error: Encountered invalid utf-8 sequence"}
    );
}

TEST_CASE("toml: values without a place in settings", "[config]") {
    CHECK(
        test::sorted(problems_of("[t]\nd = 2026-11-22\nl = [1, nan]\ni = -inf\nok = 1\n")) ==
        Lines{
            "f.toml:2:5: t.d: is a date or time: write it as a text, in quotes",
            "f.toml:3:9: t.l[1]: is not a finite number",
            "f.toml:4:5: t.i: is not a finite number",
        }
    );
}

TEST_CASE("toml: deep nesting is refused, however it is written", "[config]") {
    std::string dotted = "a";
    std::string lists = "1";
    for (int i = 0; i < 16; ++i) {
        dotted += ".a";
    }
    const Lines refused = problems_of(dotted + " = 1\n");
    REQUIRE(refused.size() == 1);
    CHECK(refused[0] == "f.toml:1:37: " + dotted + ": is nested deeper than 16 levels");

    for (int i = 0; i < 100'000; ++i) {
        lists.insert(0, 1, '[');
    }
    CHECK(
        problems_of("a = " + lists) ==
        Lines{"f.toml:1:21: syntax error in value: exceeded maximum nested value depth of 16 "
              "(TOML_MAX_NESTED_VALUES)"}
    );

    std::string far = "[a";
    for (int i = 0; i < 100'000; ++i) {
        far += ".a";
    }
    CHECK(
        problems_of("# first\n" + far + "]\n") ==
        Lines{"f.toml:2:1: more than 200 dots on one line"}
    );
}

TEST_CASE("toml: as deep as the parser allows does not exhaust the stack", "[config]") {
    std::string key = "a";
    for (int i = 0; i < 199; ++i) {
        key += ".a";
    }
    std::string text = "[" + key + "]\n";
    for (int i = 0; i < 7; ++i) {
        text += key + " = [\n{";
    }
    text += key + " = 1";
    for (int i = 0; i < 7; ++i) {
        text += "}]";
    }
    const Lines refused = problems_of(text);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].ends_with("is nested deeper than 16 levels"));
}

TEST_CASE("read_toml: files that cannot be read", "[config]") {
    const test::ConfigFiles files;
    SettingsProblems problems;
    const auto missing = config::read_toml(files.path("none.toml"), "site", problems);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(missing.error().message == files.path("none.toml") + ": No such file or directory");

    const auto directory = config::read_toml(files.path(""), "site", problems);
    REQUIRE_FALSE(directory.ok());
    CHECK(directory.error().code == ErrorCode::unavailable);

    files.write("fits.toml", "#" + std::string(256 * 1024 - 1, 'x'));
    CHECK(config::read_toml(files.path("fits.toml"), "site", problems).ok());
    files.write("large.toml", "#" + std::string(256 * 1024, 'x'));
    const auto large = config::read_toml(files.path("large.toml"), "site", problems);
    REQUIRE_FALSE(large.ok());
    CHECK(large.error().code == ErrorCode::invalid_argument);
    CHECK(large.error().message == files.path("large.toml") + ": is larger than 256 KiB");
    CHECK(problems.empty());
}

TEST_CASE("to_toml: what it writes reads back the same", "[config]") {
    const std::string text = R"(
top = 1
"a key.with dots" = "tab\tquote\" backslash\\ nul\u0000 \u00e9"
empty_list = []
mixed = [1, "x", [true, 2.0], {k = 1}]
pi = 3.141592653589793
tiny = 1e-300
big = -9223372036854775808
[t]
[t.inner]
x = {y = {z = 1}}
[[list]]
name = "a"
[list.sub]
k = 1
[[list.items]]
n = 1
[[list.items]]
n = 2
[[list]]
)";
    const SettingsNode first = parsed(text);
    const std::string written = config::to_toml(first);
    const SettingsNode second = parsed(written);
    CHECK(config::to_toml(second) == written);
    for (const auto& [key, node] : *first.table()) {
        CAPTURE(key);
        REQUIRE(second.find(key) != nullptr);
        CHECK(to_toml_value(*second.find(key)) == to_toml_value(node));
    }
}

TEST_CASE("to_toml: the form a person would write", "[config]") {
    CHECK(
        config::to_toml(parsed("[n]\nl = {a = \"b\"}\nx = 1\n[[source]]\nplugin = \"box\"\n")) ==
        "[n]\nx = 1\n\n[n.l]\na = \"b\"\n\n[[source]]\nplugin = \"box\"\n"
    );
}
