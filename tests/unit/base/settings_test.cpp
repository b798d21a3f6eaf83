// SPDX-License-Identifier: Apache-2.0
#include "agent/base/settings.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

using std::chrono::milliseconds;

const auto kFile = std::make_shared<const std::string>("site.toml");

template <class Value>
SettingsNode at(std::uint32_t line, Value value) {
    SettingsNode node;
    node.value = std::move(value);
    node.position = {kFile, line, 10, "site"};
    node.key_position = {kFile, line, 1, "site"};
    return node;
}

SettingsNode text(std::uint32_t line, std::string value) {
    return at(line, std::move(value));
}
SettingsNode integer(std::uint32_t line, std::int64_t value) {
    return at(line, value);
}
SettingsNode list(std::uint32_t line, std::initializer_list<SettingsNode> items) {
    return at(line, SettingsNode::List(items));
}
SettingsNode table(std::uint32_t line, SettingsNode::Table members) {
    return at(line, std::move(members));
}

struct Door {
    std::string name = "main";
    std::int64_t width_cm = 90;
};

struct Sensor {
    std::string label = "none";
    std::string mode = "fast";
    bool enabled = true;
    std::int64_t port = 8125;
    double gain = 1.5;
    milliseconds interval{10'000};
    milliseconds debounce{20};
    std::vector<std::string> hosts{"a"};
    std::vector<double> corners;
    std::vector<std::pair<std::string, std::string>> tags;
    Door door;
    std::vector<Door> doors{{"built-in", 1}};
};

Schema<Door> door_schema() {
    Schema<Door> schema;
    schema.text("name", &Door::name, "What people call it").required();
    schema.integer("width_cm", &Door::width_cm, "Clear width").range(10, 500);
    return schema;
}

Schema<Sensor> sensor_schema() {
    Schema<Sensor> schema;
    schema.text("label", &Sensor::label, "Name shown to people")
        .check([](const std::string& label) {
            return label == "bad" ? std::string("must not be bad") : std::string();
        });
    schema.text("mode", &Sensor::mode, "How it counts").one_of({"fast", "exact"});
    schema.boolean("enabled", &Sensor::enabled, "Off = not read");
    schema.integer("port", &Sensor::port, "UDP port").range(1, 65535);
    schema.number("gain", &Sensor::gain, "Factor").range(0, 10);
    schema.duration("interval_s", &Sensor::interval, "Time between readings").range(0.1, 3600);
    schema.duration("debounce_ms", &Sensor::debounce, "Shorter edges are noise");
    schema.texts("hosts", &Sensor::hosts, "Where to look");
    schema.numbers("corners", &Sensor::corners, "Polygon");
    schema.text_map("tags", &Sensor::tags, "Dimensions to add");
    schema.table("door", &Sensor::door, door_schema(), "The door");
    schema.tables("doors", &Sensor::doors, door_schema(), "More doors");
    schema.ignore("plugin");
    return schema;
}

struct Reading {
    Sensor sensor;
    std::vector<std::string> problems;
};

Reading read(SettingsNode::Table members, std::string_view path = {}) {
    SettingsProblems problems;
    Sensor sensor = sensor_schema().read(table(1, std::move(members)), problems, path);
    return {std::move(sensor), problems.lines()};
}

using Lines = std::vector<std::string>;

TEST_CASE("settings: every type finds its member", "[base]") {
    const Reading got = read({
        {"label", text(2, "front")},
        {"mode", text(3, "exact")},
        {"enabled", at(4, false)},
        {"port", integer(5, 99)},
        {"gain", at(6, 2.25)},
        {"interval_s", at(7, 0.5)},
        {"debounce_ms", integer(8, 7)},
        {"hosts", list(9, {text(9, "x"), text(9, "y")})},
        {"corners", list(10, {at(10, 0.5), integer(10, 2)})},
        {"tags", table(11, {{"floor", text(11, "1")}, {"wing", text(11, "east")}})},
        {"door", table(12, {{"name", text(12, "side")}})},
        {"doors",
         list(13, {table(13, {{"name", text(13, "back")}, {"width_cm", integer(13, 70)}})})},
        {"plugin", text(14, "someone else's")},
    });

    CHECK(got.problems == Lines{});
    CHECK(got.sensor.label == "front");
    CHECK(got.sensor.mode == "exact");
    CHECK_FALSE(got.sensor.enabled);
    CHECK(got.sensor.port == 99);
    CHECK(got.sensor.gain == 2.25);
    CHECK(got.sensor.interval == milliseconds(500));
    CHECK(got.sensor.debounce == milliseconds(7));
    CHECK(got.sensor.hosts == Lines{"x", "y"});
    CHECK(got.sensor.corners == std::vector<double>{0.5, 2});
    REQUIRE(got.sensor.tags.size() == 2);
    CHECK(got.sensor.tags[1].first == "wing");
    CHECK(got.sensor.tags[1].second == "east");
    CHECK(got.sensor.door.name == "side");
    CHECK(got.sensor.door.width_cm == 90);
    REQUIRE(got.sensor.doors.size() == 1);
    CHECK(got.sensor.doors[0].name == "back");
    CHECK(got.sensor.doors[0].width_cm == 70);
}

TEST_CASE("settings: what is not written keeps its default", "[base]") {
    const Reading got = read({});

    CHECK(got.problems == Lines{});
    CHECK(got.sensor.port == 8125);
    CHECK(got.sensor.interval == milliseconds(10'000));
    CHECK(got.sensor.hosts == Lines{"a"});
    REQUIRE(got.sensor.doors.size() == 1);
    CHECK(got.sensor.doors[0].name == "built-in");
}

TEST_CASE("settings: a wrong type is told with its place, and the default stays", "[base]") {
    struct Case {
        std::string key;
        SettingsNode node;
        std::string line;
    };
    const std::vector<Case> cases{
        {"label", integer(2, 1), "site.toml:2:10: label: is an integer, but text is needed"},
        {"enabled",
         text(2, "yes"),
         "site.toml:2:10: enabled: is a text, but true or false is needed"},
        {"port", at(2, 1.5), "site.toml:2:10: port: is a number, but integer is needed"},
        {"gain", text(2, "1"), "site.toml:2:10: gain: is a text, but number is needed"},
        {"interval_s",
         text(2, "1m"),
         "site.toml:2:10: interval_s: is a text, but a number of seconds is needed"},
        {"debounce_ms",
         at(2, true),
         "site.toml:2:10: debounce_ms: is true or false, but a number of milliseconds is needed"},
        {"hosts", text(2, "x"), "site.toml:2:10: hosts: is a text, but list of texts is needed"},
        {"corners",
         list(2, {integer(2, 1), text(3, "b")}),
         "site.toml:3:10: corners[1]: is a text, but number is needed"},
        {"tags", list(2, {}), "site.toml:2:10: tags: is a list, but table of texts is needed"},
        {"tags",
         table(2, {{"a", integer(3, 1)}}),
         "site.toml:3:10: tags.a: is an integer, but text is needed"},
        {"door", text(2, "x"), "site.toml:2:10: door: is a text, but a table is needed"},
        {"doors",
         table(2, {}),
         "site.toml:2:10: doors: is a table, but a list of tables is needed"},
        {"doors",
         list(2, {text(4, "x")}),
         "site.toml:4:10: doors[0]: is a text, but a table is needed"},
    };
    for (const Case& wrong : cases) {
        const Reading got = read({{wrong.key, wrong.node}});
        CHECK(got.problems == Lines{wrong.line});
        CHECK(got.sensor.port == 8125);
        CHECK(got.sensor.interval == milliseconds(10'000));
    }
}

TEST_CASE("settings: ranges hold at both ends", "[base]") {
    CHECK(read({{"port", integer(2, 1)}}).problems.empty());
    CHECK(read({{"port", integer(2, 65535)}}).problems.empty());

    const Reading low = read({{"port", integer(2, 0)}});
    const Reading high = read({{"port", integer(2, 99999)}});
    const Reading quick = read({{"interval_s", at(2, 0.05)}});
    const Reading negative = read({{"debounce_ms", integer(2, -1)}});

    CHECK(low.problems == Lines{"site.toml:2:10: port: 0 is less than 1"});
    CHECK(high.problems == Lines{"site.toml:2:10: port: 99999 is more than 65535"});
    CHECK(high.sensor.port == 8125);
    CHECK(quick.problems == Lines{"site.toml:2:10: interval_s: 0.05 is less than 0.1"});
    CHECK(negative.problems == Lines{"site.toml:2:10: debounce_ms: -1 is less than 0"});
}

TEST_CASE("settings: nan and infinities are no numbers", "[base]") {
    for (const double odd : {std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, -HUGE_VAL}) {
        CHECK(read({{"gain", at(2, odd)}}).problems.size() == 1);
        CHECK(read({{"interval_s", at(2, odd)}}).problems.size() == 1);
        CHECK(read({{"corners", list(2, {at(2, odd)})}}).problems.size() == 1);
    }
}

TEST_CASE("settings: a choice names the nearest one", "[base]") {
    CHECK(
        read({{"mode", text(2, "exakt")}}).problems ==
        Lines{"site.toml:2:10: mode: \"exakt\" is not one of \"fast\", \"exact\"; did you mean "
              "\"exact\"?"}
    );
    CHECK(
        read({{"mode", text(2, "psychedelic")}}).problems ==
        Lines{"site.toml:2:10: mode: \"psychedelic\" is not one of \"fast\", \"exact\""}
    );
}

TEST_CASE("settings: a check of one's own speaks for itself", "[base]") {
    const Reading got = read({{"label", text(2, "bad")}});

    CHECK(got.problems == Lines{"site.toml:2:10: label: must not be bad"});
    CHECK(got.sensor.label == "none");
}

TEST_CASE("settings: an unknown key points at the key and suggests", "[base]") {
    CHECK(
        read({{"prot", integer(2, 1)}}).problems ==
        Lines{"site.toml:2:1: prot: unknown setting; did you mean \"port\"?"}
    );
    CHECK(
        read({{"zebra_crossing", integer(2, 1)}}).problems ==
        Lines{"site.toml:2:1: zebra_crossing: unknown setting"}
    );
    CHECK(
        read(
            {{"door", table(2, {{"name", text(2, "x")}, {"widht_cm", integer(3, 1)}})}}, "source[2]"
        )
            .problems ==
        Lines{"site.toml:3:1: source[2].door.widht_cm: unknown setting; did you mean \"width_cm\"?"}
    );
}

TEST_CASE("settings: a missing one is told at its table, with its help", "[base]") {
    CHECK(
        read({{"door", table(7, {})}}).problems ==
        Lines{"site.toml:7:10: door.name: is missing: What people call it"}
    );
    CHECK(
        read({{"doors", list(7, {table(8, {{"name", text(8, "a")}}), table(9, {})})}}).problems ==
        Lines{"site.toml:9:10: doors[1].name: is missing: What people call it"}
    );
}

TEST_CASE("settings: all mistakes are told at once", "[base]") {
    SettingsProblems problems;
    const auto tree = table(
        1,
        {{"port", integer(2, 0)},
         {"colour", text(3, "red")},
         {"door", table(4, {})},
         {"gain", text(5, "")}}
    );
    static_cast<void>(sensor_schema().read(tree, problems));

    CHECK(problems.lines().size() == 4);
    CHECK(problems.error().code == ErrorCode::invalid_argument);
    const std::string all = problems.error().message;
    CHECK(std::count(all.begin(), all.end(), '\n') == 3);
    CHECK(all.find("site.toml:5:10: gain") != std::string::npos);
}

TEST_CASE("settings: a document that is no table is one mistake", "[base]") {
    SettingsProblems problems;
    static_cast<void>(sensor_schema().read(text(1, "x"), problems, "source[0]"));

    CHECK(problems.lines() == Lines{"site.toml:1:10: source[0]: is a text, but a table is needed"});
}

TEST_CASE("settings: help lists every setting with type and default", "[base]") {
    std::vector<std::string> lines;
    for (const SettingHelp& one : sensor_schema().help()) {
        lines.push_back(one.key + " | " + one.type + " | " + one.fallback + " | " + one.help);
    }

    CHECK(
        lines ==
        Lines{
            "label | text | \"none\" | Name shown to people",
            "mode | text | \"fast\" | How it counts",
            "enabled | true or false | true | Off = not read",
            "port | integer | 8125 | UDP port",
            "gain | number | 1.5 | Factor",
            "interval_s | seconds | 10 | Time between readings",
            "debounce_ms | milliseconds | 20 | Shorter edges are noise",
            "hosts | list of texts | [\"a\"] | Where to look",
            "corners | list of numbers | [] | Polygon",
            "tags | table of texts | {} | Dimensions to add",
            "door | table |  | The door",
            "door.name | text |  | What people call it",
            "door.width_cm | integer | 90 | Clear width",
            "doors | list of tables |  | More doors",
            "doors.name | text |  | What people call it",
            "doors.width_cm | integer | 90 | Clear width",
        }
    );
}

TEST_CASE("settings: what is written reads back the same", "[base]") {
    const Sensor changed{
        "x\"y\\\n",
        "exact",
        false,
        7,
        0.1,
        milliseconds(1500),
        milliseconds(3),
        {},
        {1, 2.5},
        {{"odd key", "v"}},
        {"side", 11},
        {{"a", 12}, {"b", 13}}};

    const SettingsNode tree = sensor_schema().write(changed);
    SettingsProblems problems;
    const Sensor again = sensor_schema().read(tree, problems);

    CHECK(problems.lines() == Lines{});
    CHECK(to_toml_value(sensor_schema().write(again)) == to_toml_value(tree));
    CHECK(again.interval == milliseconds(1500));
    CHECK(again.doors.size() == 2);
    REQUIRE(tree.find("port") != nullptr);
    CHECK(to_string(tree.find("port")->position) == "built-in");
    CHECK(tree.find("plugin") == nullptr);
}

TEST_CASE("settings: values look like TOML", "[base]") {
    CHECK(to_toml_value(at(1, 2.0)) == "2.0");
    CHECK(to_toml_value(at(1, -0.25)) == "-0.25");
    CHECK(to_toml_value(integer(1, -3)) == "-3");
    CHECK(to_toml_value(text(1, "a\"b\\c\td")) == "\"a\\\"b\\\\c\\u0009d\"");
    CHECK(
        to_toml_value(table(1, {{"a.b", list(1, {integer(1, 1), at(1, true)})}, {"c", text(1, "")}})
        ) == "{\"a.b\" = [1, true], c = \"\"}"
    );
}

TEST_CASE("settings: a position says as much as is known", "[base]") {
    CHECK(to_string(SettingsPosition{kFile, 12, 5, "site"}) == "site.toml:12:5");
    CHECK(to_string(SettingsPosition{kFile, 0, 0, "site"}) == "site.toml");
    CHECK(to_string(SettingsPosition{nullptr, 0, 0, "remote"}) == "remote");
    CHECK(to_string(SettingsPosition{}) == "built-in");
}

TEST_CASE("settings: members are found by key", "[base]") {
    SettingsNode tree = table(1, {{"a", integer(1, 1)}, {"b", text(2, "x")}});

    REQUIRE(tree.find("b") != nullptr);
    tree.find("b")->value = std::int64_t{5};
    CHECK(tree.find("b")->type_name() == "an integer");
    CHECK(tree.find("c") == nullptr);
    CHECK(text(1, "no table").find("a") == nullptr);
}

TEST_CASE("settings: the nearest name is near, or none", "[base]") {
    const Lines known{"interval_s", "listen", "port"};

    CHECK(nearest_name("intervall_s", known) == "interval_s");
    CHECK(nearest_name("Port", known) == "port");
    CHECK(nearest_name("lisden", known) == "listen");
    CHECK(nearest_name("temperature", known).empty());
    CHECK(nearest_name("", known).empty());
    CHECK(nearest_name("x", {"y"}).empty());
}

}  // namespace
}  // namespace cxedge
