// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/csv.hpp"

#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using MappingLines = std::vector<std::string>;

std::unique_ptr<PayloadReader> good_reader(const std::string& toml) {
    MadeReader made = make_reader(toml);
    CHECK(made.problems == MappingLines{});
    REQUIRE(made.reader != nullptr);
    return std::move(made.reader);
}

// The promise: a device that nobody wrote code for.
TEST_CASE("mapping: a new device is ten lines of TOML", "[formats]") {
    const auto reader = good_reader(R"(
format = "json"
each = "/sensors"
device_at = "/id"
time_at = "/at"
[[source.value]]
at = "/people/in"
metric = "store.footfall.in"
kind = "counter"
dims_at = { door = "/door" }
)");
    const Report report = read(
        *reader,
        R"({"sensors":[{"id":"a","at":"2026-11-22T09:14:00Z","door":"main","people":{"in":12}},)"
        R"({"id":"b","at":1795338840,"door":"back","people":{"in":"3"},"customerName":"x"}]})"
    );
    CHECK(
        lines_of(report) ==
        MappingLines{
            "store.footfall.in{door=main} counter 12 @1795338840000 of a",
            "store.footfall.in{door=back} counter 3 @1795338840000 of b"}
    );
    CHECK(report.bad_elements.empty());
    CHECK(report.private_fields.at("identity") == 1);
}

TEST_CASE("mapping: a device's own format needs no places", "[formats]") {
    for (const char* const key : {"length_s = 900", "device_at = \"/x\"", "id_at = \"/x\""}) {
        const MadeReader made = make_reader(std::string("format = \"axis\"\n") + key);
        REQUIRE(made.problems.size() == 1);
        CHECK_THAT(made.problems[0], Catch::Contains("has no effect with format \"axis\""));
    }
}

TEST_CASE("mapping: JSON pointers, escapes and every member", "[formats]") {
    const auto reader = good_reader(R"(
[[source.value]]
at = "/doors/*/in"
metric = "store.footfall.in"
kind = "delta"
dims_at = { door = "/doors/*" }
[[source.value]]
at = "/a~1b/m~0n/1"
metric = "x.y"
factor = 0.1
dims = { room = "hall" }
)");
    const Report report = read(
        *reader,
        R"({"doors":{"north":{"in":3},"south":{"in":4},"face":{"in":9}},"a/b":{"m~n":[0,25]}})"
    );
    CHECK(
        lines_of(report) ==
        MappingLines{
            "store.footfall.in{door=north} delta 3",
            "store.footfall.in{door=south} delta 4",
            "x.y{room=hall} gauge 2.5"}
    );
}

TEST_CASE("trap: values that are missing, null, empty or no number", "[formats]") {
    const auto reader = good_reader(R"(
time_at = "/ts"
[[source.value]]
at = "/list/*/v"
metric = "x.y"
dims_at = { zone = "/list/*/n" }
[[source.value]]
at = "/z"
metric = "x.z"
)");
    const Report report = read(
        *reader,
        R"({"ts":null,"list":[{"v":1,"n":"a"},{"v":null,"n":"b"},{"v":"","n":"c"},{"v":"many","n":"d"},)"
        R"({"n":"e"},{"v":true,"n":"f"},{"v":{},"n":"g"},{"v":7}],"z":5})"
    );
    CHECK(lines_of(report) == MappingLines{"x.y{zone=a} gauge 1", "x.z gauge 5"});
    CHECK(
        bad_of(report) ==
        MappingLines{
            "/ts is empty",
            "/list/1/v is empty",
            "/list/2/v is empty",
            "/list/3/v is not a number",
            "/list/4/v is missing",
            "/list/5/v is not a number",
            "/list/6/v is empty",
            "/list/7/n is missing"}
    );
}

TEST_CASE("mapping: states, intervals and names of messages", "[formats]") {
    const auto reader = good_reader(R"(
time_at = "/to"
from_at = "/from"
id_at = "/seq"
[[source.value]]
at = "/contact"
metric = "store.door.open"
kind = "state"
states = ["false", "true"]
[[source.value]]
at = "/mode"
metric = "x.mode"
kind = "state"
states = ["0", "2"]
[[source.value]]
at = "/n"
metric = "x.n"
kind = "delta"
)");
    const Report report =
        read(*reader, R"({"from":1000,"to":2000,"seq":17,"contact":true,"mode":2.0,"n":3})");
    CHECK(
        lines_of(report) ==
        MappingLines{
            "store.door.open state 1 @2000000",
            "x.mode state 1 @2000000",
            "x.n delta 3 @2000000 from 1000000"}
    );
    CHECK(report.readings[2].id == "17");
    CHECK(
        bad_of(read(*reader, R"({"from":3000,"to":2000,"seq":18,"contact":"ajar","mode":0,"n":3})")
        ) ==
        MappingLines{
            "/from the interval does not end after it begins", "/contact is none of the states"}
    );
}

TEST_CASE("mapping: a bare word or number is a message, too", "[formats]") {
    const auto number = good_reader("[[source.value]]\nat = \"\"\nmetric = \"x.y\"");
    CHECK(lines_of(read(*number, "21.5")) == MappingLines{"x.y gauge 21.5"});
    const auto word = good_reader(
        "[[source.value]]\nat = \"\"\nmetric = \"x.y\"\nkind = \"state\"\nstates = [\"OFF\", "
        "\"ON\"]"
    );
    CHECK(lines_of(read(*word, "ON")) == MappingLines{"x.y state 1"});
    CHECK_FALSE(word->read({"{\"half\":", {}, {}}).ok());
    CHECK_FALSE(word->read({"", {}, {}}).ok());
}

TEST_CASE("mapping: XPath with elements, attributes and functions", "[formats]") {
    const auto reader = good_reader(
        R"(
format = "xml"
each = "//door"
device_at = "/shop/@unit"
time_at = "@until"
from_at = "@since"
[[source.value]]
at = "count[@dir='in']"
metric = "store.footfall.in"
kind = "delta"
dims_at = { door = "@label" }
[[source.value]]
at = 'count(count)'
metric = "x.n"
)"
    );
    const Report report = read(
        *reader,
        R"(<shop unit="u1"><door label="main" since="2026-11-22T09:00:00Z" until="2026-11-22T09:14:00Z">)"
        R"(<count dir="in">3</count><count dir="out">2</count></door>)"
        R"(<door label="back" since="x" until="2026-11-22T09:14:00Z"><count dir="in"/><face>)"
        R"(yes</face></door></shop>)"
    );
    CHECK(
        lines_of(report) ==
        MappingLines{
            "store.footfall.in{door=main} delta 3 @1795338840000 from 1795338000000 of u1",
            "x.n gauge 2 @1795338840000 from 1795338000000 of u1",
            "x.n gauge 1 @1795338840000 of u1"}
    );
    CHECK(
        bad_of(report) ==
        MappingLines{"/shop/door[2]/@since is not a time", "/shop/door[2]/count is empty"}
    );
    CHECK(report.private_fields.at("face") == 1);
    CHECK(bad_of(read(*reader, "<shop/>")) == MappingLines{"//door is missing"});
}

const std::string kCsv = R"(
format = "csv"
separator = ";"
time_at = "time"
[[source.value]]
at = "in"
metric = "store.footfall.in"
kind = "delta"
dims_at = { door = "door" }
[[source.value]]
at = "4"
metric = "x.y"
)";

TEST_CASE("mapping: a CSV table with its header", "[formats]") {
    const auto reader = good_reader(kCsv);
    const Report report = read(
        *reader,
        "\xEF\xBB\xBFtime;door;in;t;gender\r\n2026-11-22 09:14:00;\"main; "
        "\"\"left\"\"\";3;21,5;m\r\n"
        "2026-11-22 09:14:00;back;;1\r\n\"open"
    );
    CHECK(
        lines_of(report) ==
        MappingLines{
            "store.footfall.in{door=main; \"left\"} delta 3 @1795338840000L",
            "x.y gauge 21.5 @1795338840000L",
            "x.y gauge 1 @1795338840000L"}
    );
    CHECK(
        bad_of(report) ==
        MappingLines{"line 4 has a quoted field that does not end", "line 3, column in is empty"}
    );
    CHECK(report.private_fields.at("gender") == 1);
    CHECK_FALSE(reader->read({"a;b;c;d\n1;2;3;4", {}, {}}).ok());
}

TEST_CASE("mapping: single lines of a file follow its header", "[formats]") {
    const auto reader = good_reader(kCsv);
    CHECK(read(*reader, "time;door;in;t", "a.csv").readings.empty());
    CHECK(read(*reader, "2026-11-22 09:14:00;main;3;1", "a.csv").readings.size() == 2);
    // Another file has its own; a new file of the same name begins with it again.
    CHECK_FALSE(reader->read({"2026-11-22 09:14:00;main;3;1", {}, "b.csv"}).ok());
    CHECK(read(*reader, "door;time;t;x;in", "b.csv").readings.empty());
    CHECK(
        lines_of(read(*reader, "main;2026-11-22 09:14:00;3;1;8", "b.csv"))[0] ==
        "store.footfall.in{door=main} delta 8 @1795338840000L"
    );
    CHECK(read(*reader, "time;door;in;t", "a.csv").readings.empty());
    CHECK(read(*reader, "2026-11-22 09:14:00;main;4;1", "a.csv").readings.size() == 2);
}

TEST_CASE("mapping: CSV without a header", "[formats]") {
    const auto reader = good_reader(
        "format = \"csv\"\nheader = false\n[[source.value]]\nat = \"2\"\nmetric = \"x.y\""
    );
    CHECK(lines_of(read(*reader, "a,5\nb,6")) == MappingLines{"x.y gauge 5", "x.y gauge 6"});
    CHECK(bad_of(read(*reader, "a")) == MappingLines{"line 1, column 2 is missing"});
}

TEST_CASE("csv: quotes, ends of lines and what is wrong", "[formats]") {
    const CsvTable table = parse_csv("a,\"b\"\"c\",\r\n\n\"x\ny\",2\n\"q\"w,1\nlast", ',');
    REQUIRE(table.rows.size() == 3);
    CHECK(table.rows[0] == CsvRow{1, {"a", "b\"c", ""}});
    CHECK(table.rows[1] == CsvRow{3, {"x\ny", "2"}});
    CHECK(table.rows[2] == CsvRow{6, {"last"}});
    CHECK(table.bad_lines == std::vector<std::size_t>{5});
}

TEST_CASE("mapping: mistakes are told with their place", "[formats]") {
    CHECK(
        make_reader("format = \"xovs\"").problems ==
        MappingLines{"config.toml:2:10: format: \"xovs\" is no format; did you mean \"xovis\"?"}
    );
    CHECK(make_reader("format = \"xovis\"").reader != nullptr);
    CHECK(
        make_reader(
            "format = \"xovis\"\ntime_at = \"/t\"\n[[source.value]]\nat=\"/a\"\nmetric=\"b\""
        )
            .problems.size() == 2
    );
    CHECK(
        make_reader("format = \"json\"").problems ==
        MappingLines{"config.toml:2:10: value: is missing: a mapping of json needs at least one "
                     "[[source.value]]"}
    );
    const MadeReader made = make_reader(R"(
format = "json"
separator = ";"
each = "list"
from_at = "/a~2"
[[source.value]]
at = "/customer/email"
metric = "x y"
counter_bits = 8
resets_at = "noon"
states = ["a"]
dims_at = { face = "/f" }
[[source.value]]
at = "/s"
metric = "x.s"
kind = "state"
states = ["a"]
factor = 2
unit = "s"
)");
    CHECK(made.reader == nullptr);
    std::string all;
    for (const std::string& problem : made.problems) {
        all += problem + "\n";
    }
    INFO(all);
    for (const char* part :
         {"config.toml:4:13: separator: has no effect with format \"json\"",
          "config.toml:5:8: each: is no JSON pointer",
          "config.toml:6:11: from_at: is no JSON pointer",
          "config.toml:8:6: value[0].at: is about persons (identity)",
          "value[0].metric: metric name",
          "value[0].counter_bits: must be 0, 16, 32 or 64",
          "value[0].counter_bits: has no effect with kind \"gauge\"",
          "value[0].resets_at: must be a time of day",
          "value[0].states: has no effect with kind \"gauge\"",
          "dimension \"face\" is about persons",
          "value[1].states: a state needs at least two texts",
          "value[1].factor: has no effect with kind \"state\"",
          "value[1].unit: a state has no unit"}) {
        INFO(part);
        CHECK(all.find(part) != std::string::npos);
    }
}

TEST_CASE("mapping: intervals of one length, told by their end or their start", "[formats]") {
    const auto line_of = [](const std::string& time_is) {
        const auto reader = good_reader(
            "time_at = \"/at\"\nlength_s = 60\n" + time_is +
            "[[source.value]]\nat = \"/n\"\nmetric = \"x.n\"\nkind = \"delta\"\n"
        );
        return lines_of(read(*reader, R"({"at":1000,"n":3})")).at(0);
    };
    CHECK(line_of("") == "x.n delta 3 @1000000 from 940000");
    CHECK(line_of("time_is = \"start\"\n") == "x.n delta 3 @1060000 from 1000000");
    const MadeReader made = make_reader(
        "from_at = \"/a\"\nlength_s = 60\n[[source.value]]\nat = \"/n\"\nmetric = \"x.n\"\n"
    );
    CHECK(made.problems.size() == 3);
}

TEST_CASE("mapping: mistakes in XPath and columns", "[formats]") {
    const auto value = [](const std::string& format, const std::string& at) {
        const MadeReader made =
            make_reader(format + "\n[[source.value]]\nat = \"" + at + "\"\nmetric = \"x.y\"");
        return made.problems.empty() ? std::string() : made.problems[0];
    };
    CHECK(
        value("format = \"xml\"", "//a[").find("value[0].at: is no XPath: ") != std::string::npos
    );
    CHECK(value("format = \"xml\"", "").find("is no XPath: it is empty") != std::string::npos);
    CHECK(
        value("format = \"xml\"", "//v[@label='fw-male']").find("is about persons (gender)") !=
        std::string::npos
    );
    CHECK(
        value("format = \"xml\"", "//@plate").find("is about persons (plate)") != std::string::npos
    );
    CHECK(value("format = \"xml\"", "count(//person)").empty());
    CHECK(value("format = \"xml\"", "//person/count").empty());
    CHECK(value("format = \"csv\"", "Email").find("is about persons") != std::string::npos);
    CHECK(value("format = \"csv\"", "0").find("the first one is") != std::string::npos);
    CHECK(
        value("format = \"csv\"\nheader = false", "in").find("without a header") !=
        std::string::npos
    );
    CHECK(
        value("format = \"csv\"\nseparator = \"ab\"", "1")
            .find("separator: must be one character") != std::string::npos
    );
    CHECK(
        value("format = \"csv\"\neach = \"x\"", "1").find("each: has no effect") !=
        std::string::npos
    );
    CHECK(make_reader("device_at = \"/mac\"\n[[source.value]]\nat = \"/v\"\nmetric = \"x.y\"")
              .problems.empty());
}

}  // namespace
}  // namespace cxedge::devices::test
