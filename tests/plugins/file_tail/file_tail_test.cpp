// SPDX-License-Identifier: Apache-2.0
#include "plugins/file_tail/file_tail.hpp"

#include <filesystem>
#include <fstream>
#include <numeric>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;
using plugins::FileTail;

const std::string kCsv = R"(
plugin = "file_tail"
path = "${dir}/*.csv"
pause_ms = 10
format = "csv"
[[source.value]]
at = "in"
metric = "store.footfall.in"
kind = "delta"
[[source.value]]
at = "level"
metric = "store.occupancy"
)";

void add_text(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
}

double sum_of(const FakeHost& host, const std::string& series) {
    const std::vector<double> values = host.values_of(series);
    return std::accumulate(values.begin(), values.end(), 0.0);
}

// The files appear in the directory that the source follows.
void feed_files(CaseRun& run, Source& source) {
    run.any_order = true;
    static_cast<void>(source);
    for (const fs::path& file : entries(run.folder / "input")) {
        add_text(run.dir.file(file.filename().string()), read_text(file));
    }
    const std::size_t wanted = read_lines(run.folder / "expected.txt").size();
    REQUIRE(run.host.run_until([&] { return run.host.reading_lines().size() >= wanted; }));
}

}  // namespace

TEST_CASE("file_tail: does what its cases say", "[plugins][file_tail]") {
    check_plugin({"file_tail", make_source<FileTail>, feed_files});
}

TEST_CASE(
    "file_tail: trap: a restart in the middle of a CSV knows its columns", "[plugins][file_tail]"
) {
    TempDir dir;
    std::string kept;
    {
        Running<FileTail> first;
        const std::string config = substitute(kCsv, {{"dir", dir.path().string()}});
        REQUIRE(first.start(config));
        add_text(dir.file("a.csv"), "level,in\n5,1\n");
        REQUIRE(first.host.run_until([&] {
            return first.host.values_of("store.footfall.in{device=test}").size() == 1;
        }));
        first.source.stop();
        kept = first.host.kept_now;
    }
    Running<FileTail> second;
    second.host.kept_before = kept;
    REQUIRE(second.start(substitute(kCsv, {{"dir", dir.path().string()}})));
    add_text(dir.file("a.csv"), "6,2\n");
    REQUIRE(second.host.run_until([&] {
        return second.host.values_of("store.footfall.in{device=test}").size() == 1;
    }));
    CHECK(second.host.values_of("store.footfall.in{device=test}") == std::vector<double>{2});
    CHECK(second.host.values_of("store.occupancy{device=test}") == std::vector<double>{6});
}

TEST_CASE("file_tail: trap: after rotation the header is no row", "[plugins][file_tail]") {
    Running<FileTail> run;
    REQUIRE(run.start(kCsv));
    const std::string path = run.dir.file("a.csv");
    for (int i = 0; i < 3; ++i) {
        add_text(path, "level,in\n5,1\n6,1\n");
        REQUIRE(run.host.run_until([&] {
            return sum_of(run.host, "store.footfall.in{device=test}") == 2 * (i + 1);
        }));
        fs::rename(path, path + "." + std::to_string(i));
    }
    CHECK(run.host.events.empty());
}

TEST_CASE("file_tail: increments have a name, levels need none", "[plugins][file_tail]") {
    Running<FileTail> run;
    REQUIRE(run.start(kCsv));
    add_text(run.dir.file("a.csv"), "in,level\n1,5\n1,5\n");
    REQUIRE(run.host.run_until([&] {
        return run.host.values_of("store.occupancy{device=test}").size() == 2;
    }));
    for (const FakeHost::Reading& reading : run.host.readings) {
        const SeriesInfo& info = run.host.series[index_of(reading.series)];
        if (info.key.metric.starts_with("store.")) {
            CHECK((reading.key != 0) == (info.kind == Kind::delta));
        }
    }
    CHECK(sum_of(run.host, "store.footfall.in{device=test}") == 2);
}

TEST_CASE("file_tail: a line that is none is told without what it says", "[plugins][file_tail]") {
    Running<FileTail> run;
    REQUIRE(run.start(R"(
plugin = "file_tail"
path = "${dir}/a.json"
pause_ms = 10
[[source.value]]
at = "/in"
metric = "store.footfall.in"
kind = "delta"
)"));
    add_text(run.dir.file("a.json"), "{\"in\":1}\nsecret words\n{\"in\":2}\n");
    REQUIRE(run.host.run_until([&] {
        return sum_of(run.host, "store.footfall.in{device=test}") == 3;
    }));
    REQUIRE(run.host.events.size() == 1);
    CHECK(run.host.events[0].name == "device.bad_message");
    CHECK_FALSE(run.host.logged("secret"));
}

TEST_CASE("file_tail: works again after a stop", "[plugins][file_tail]") {
    Running<FileTail> run;
    REQUIRE(run.start(kCsv));
    run.source.stop();
    REQUIRE(run.source.start(run.host));
    add_text(run.dir.file("a.csv"), "in,level\n1,5\n");
    REQUIRE(run.host.run_until([&] {
        return sum_of(run.host, "store.footfall.in{device=test}") == 1;
    }));
}

}  // namespace cxedge::test
