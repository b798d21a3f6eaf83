// SPDX-License-Identifier: Apache-2.0
#include "plugins/exec/exec.hpp"

#include <algorithm>
#include <random>

#include "plugins/_devices/influx_line.hpp"
#include "plugins/exec/exec_lines.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using devices::parse_influx_line;
using plugins::Exec;
using plugins::ExecLines;

// The program of the case prints; expected.txt says how much.
void feed_program(CaseRun& run, Source& source) {
    static_cast<void>(source);
    const std::size_t wanted = read_lines(run.folder / "expected.txt").size();
    REQUIRE(run.host.run_until([&] { return run.host.reading_lines().size() >= wanted; }));
}

std::string error_of(std::string_view line) {
    const auto point = parse_influx_line(line);
    return point ? std::string() : point.error().message;
}

}  // namespace

TEST_CASE("exec: does what its cases say", "[plugins][exec]") {
    check_plugin({"exec", make_source<Exec>, feed_program});
}

TEST_CASE("exec: points of Influx", "[plugins][exec]") {
    const auto point = parse_influx_line(
        R"(disk\ io,host=till\,1,empty= reads=3i,ratio=0.5,on=t,name="a \"b\", c" 1700000000123000000)"
    );
    REQUIRE(point);
    CHECK(point->measurement == "disk io");
    CHECK(point->tags == std::vector<Dimension>{{"host", "till,1"}});
    CHECK(
        point->fields ==
        std::vector<std::pair<std::string, double>>{{"reads", 3}, {"ratio", 0.5}, {"on", 1}}
    );
    CHECK(point->texts == 1);
    CHECK(point->time_ms == 1'700'000'000'123);
    CHECK(error_of("m,tag f=1") == "a tag is not tag=value");
    CHECK(error_of("m f") == "a field is not field=value");
    CHECK(error_of("m") == "a field is not field=value");
    CHECK(error_of("m f=abc") == "a field is neither a number nor a text");
    CHECK(error_of("m f=nan") == "a field is neither a number nor a text");
    CHECK(error_of("m f=\"text\"") == "a point holds no number");
    CHECK(error_of("m f=1 yesterday") == "time is not nanoseconds since 1970");
    CHECK(error_of(",a=b f=1") == "a point has no measurement");
    CHECK(error_of("") == "a point has no measurement");
}

TEST_CASE("exec: random lines give readings or a sentence", "[plugins][exec]") {
    constexpr std::string_view kAlphabet = "ab1.,=\"\\ +-it#\t\x01\xff";
    const ExecLines kpi("gauge", {}, false);
    const ExecLines influx("gauge", {}, true);
    std::mt19937 random(20261122);
    for (int i = 0; i < 20'000; ++i) {
        std::string text(random() % 30, ' ');
        std::generate(text.begin(), text.end(), [&] {
            return kAlphabet[random() % kAlphabet.size()];
        });
        for (const ExecLines* lines : {&kpi, &influx}) {
            const auto report = lines->read(text);
            CHECK((report || !report.error().message.empty()));
        }
    }
}

TEST_CASE("exec: kinds by name, the exact one first", "[plugins][exec]") {
    const ExecLines lines(
        "gauge", {{"door.*", "delta"}, {"door.open", "gauge"}, {"*.wait", "histogram"}}, false
    );
    const auto kind = [&](const char* line) {
        return lines.read(line)->readings.at(0).info.kind;
    };
    CHECK(kind("door.count,door=main 3") == Kind::delta);
    CHECK(kind("door.open 1") == Kind::gauge);
    CHECK(kind("desk.wait 12.5") == Kind::histogram);
    CHECK(kind("other 1 1700000000000") == Kind::gauge);
    CHECK(lines.read("# a comment")->readings.empty());
    CHECK(lines.read("  ")->readings.empty());
}

TEST_CASE("exec: what is about a person is counted and goes no further", "[plugins][exec]") {
    const ExecLines lines("gauge", {}, false);
    const auto line = lines.read("door.count,plate=BXY123,door=main,customerName=Jane 3");
    REQUIRE(line);
    REQUIRE(line->readings.size() == 1);
    CHECK(line->readings[0].info.key.dims == std::vector<Dimension>{{"door", "main"}});
    CHECK(
        line->private_fields == std::map<std::string, std::uint64_t>{{"identity", 1}, {"plate", 1}}
    );
    const ExecLines influx("gauge", {}, true);
    const auto point = influx.read("xg,host=a,gender=male age=34i,face_id=12i,v=2");
    REQUIRE(point);
    REQUIRE(point->readings.size() == 1);
    CHECK(point->readings[0].info.key == SeriesKey{"xg.v", {{"host", "a"}}});
    CHECK(
        point->private_fields ==
        std::map<std::string, std::uint64_t>{{"age", 1}, {"face", 1}, {"gender", 1}}
    );
}

TEST_CASE("exec: a line that cannot be read is told without what it says", "[plugins][exec]") {
    Running<Exec> run;
    REQUIRE(run.start(R"(
plugin = "exec"
command = ["sh", "-c", "echo secret words are here; echo ok 1; exec tail -f /dev/null"]
)"));
    REQUIRE(run.host.run_until([&] { return run.host.values_of("ok{device=test}").size() == 1; }));
    REQUIRE(run.host.events.size() == 1);
    CHECK(run.host.events[0].name == "device.bad_message");
    CHECK_FALSE(run.host.logged("secret"));
}

TEST_CASE("exec: JSON lines by a mapping, CSV with a header each run", "[plugins][exec]") {
    Running<Exec> run;
    SECTION("json") {
        REQUIRE(run.start(R"(
plugin = "exec"
command = ["printf", '{"t":4}\n{"t":5}\n']
interval_s = 60
format = "json"
[[source.value]]
at = "/t"
metric = "fridge.temperature"
)"));
    }
    SECTION("csv") {
        REQUIRE(run.start(R"(
plugin = "exec"
command = ["printf", 'x,t\n1,4\n2,5\n']
interval_s = 60
format = "csv"
[[source.value]]
at = "t"
metric = "fridge.temperature"
)"));
    }
    const std::string series = "fridge.temperature{device=test}";
    REQUIRE(run.host.run_until([&] { return run.host.values_of(series).size() == 2; }));
    CHECK(run.host.values_of(series) == std::vector<double>{4, 5});
}

}  // namespace cxedge::test
