// SPDX-License-Identifier: Apache-2.0
#include "plugins/box/box.hpp"

#include <algorithm>

#include <sys/statvfs.h>

#include "plugins/box/proc_text.hpp"

#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::Box;
using plugins::BoxReader;
using plugins::BoxSystem;
using plugins::ClockState;
using plugins::DiskSpace;

std::optional<double> value_of(const plugins::BoxLook& look, const std::string& series) {
    for (const plugins::BoxValue& value : look.values) {
        if (to_string(value.info.key) == series) {
            return value.value;
        }
    }
    return std::nullopt;
}

bool has(const plugins::BoxLook& look, const std::string& series) {
    return std::any_of(look.values.begin(), look.values.end(), [&](const plugins::BoxValue& value) {
        return to_string(value.info.key) == series;
    });
}

BoxReader reader_of(const TempDir& dir, BoxSystem system) {
    plugins::BoxParts parts;
    parts.root = dir.path().string();
    parts.disks = {"/data"};
    return {parts, std::move(system)};
}

}  // namespace

TEST_CASE("box: disks and a synchronised clock", "[plugins][box]") {
    const TempDir dir;
    std::string asked;
    BoxReader reader = reader_of(
        dir,
        {[&](const std::string& path) {
             asked = path;
             return std::optional(DiskSpace{300, 100});
         },
         [] {
             return std::optional(ClockState{true, 0.002});
         }}
    );
    const plugins::BoxLook look = reader.look();
    CHECK(asked == dir.file("data"));
    CHECK(value_of(look, "box.disk.used{mount=/data}") == 300);
    CHECK(value_of(look, "box.disk.free{mount=/data}") == 100);
    CHECK(value_of(look, "box.disk.usage{mount=/data}") == 0.75);
    CHECK(value_of(look, "box.clock.synchronised") == 1);
    CHECK(value_of(look, "box.clock.error") == 0.002);
}

TEST_CASE("box: the error of an unsynchronised clock is a loss, not a number", "[plugins][box]") {
    const TempDir dir;
    BoxReader reader = reader_of(
        dir,
        {[](const std::string&) { return std::optional<DiskSpace>(); },
         [] {
             return std::optional(ClockState{false, 16});
         }}
    );
    const plugins::BoxLook look = reader.look();
    CHECK(value_of(look, "box.clock.synchronised") == 0);
    CHECK(has(look, "box.clock.error"));
    CHECK(value_of(look, "box.clock.error") == std::nullopt);
    CHECK(std::count(look.missing.begin(), look.missing.end(), "/data") == 1);
}

TEST_CASE("box: the real calls answer on this machine", "[plugins][box]") {
    const BoxSystem system = plugins::real_box_system();
    const std::optional<DiskSpace> space = system.disk_space("/");
    REQUIRE(space);
    struct statvfs info {};
    REQUIRE(::statvfs("/", &info) == 0);
    const double size = static_cast<double>(info.f_blocks) * static_cast<double>(info.f_frsize);
    CHECK(space->used <= size);
    CHECK(space->used + space->free <= size);
    CHECK_FALSE(system.disk_space("/no/such/mount"));
    CHECK(system.clock_state());
}

TEST_CASE(
    "box: a missing file is one line in the log, however often it is looked for", "[plugins][box]"
) {
    Running<Box> run;
    REQUIRE(run.start(
        "plugin = \"box\"\nroot = \"${dir}\"\ndisks = []\ninterval_s = 0.01\nprocesses = true\n"
    ));
    const auto looks = [&] {
        return run.host.values_of("box.processes").size();
    };
    REQUIRE(run.host.run_until([&] { return looks() >= 4; }));
    CHECK(
        std::count(
            run.host.logs.begin(),
            run.host.logs.end(),
            "info /proc/stat is not readable here: left out"
        ) == 1
    );
    CHECK(run.host.problems.empty());
}

TEST_CASE("box: a series that the agent refuses leaves the others alone", "[plugins][box]") {
    Running<Box> run;
    run.host.on_declare = [](const SeriesInfo& info) {
        return info.key.metric == "box.uptime" ? Status(invalid_argument("unknown")) : Status();
    };
    REQUIRE(run.start("plugin = \"box\"\n"));
    CHECK(run.host.values_of("box.uptime").empty());
    CHECK(run.host.values_of("box.memory.available").size() == 1);
    CHECK(run.host.logged("box.uptime is left out: unknown"));
}

TEST_CASE("box: CPU share between two readings", "[plugins][box]") {
    using plugins::cpu_share;
    CHECK(cpu_share({100, 1000}, {150, 1100}) == 0.5);
    CHECK(cpu_share({100, 1000}, {100, 1100}) == 0.0);
    CHECK_FALSE(cpu_share({100, 1000}, {100, 1000}));
    CHECK_FALSE(cpu_share({100, 1000}, {90, 1100}));
    CHECK_FALSE(cpu_share({100, 1000}, {10, 100}));
    CHECK_FALSE(cpu_share({100, 1000}, {300, 1100}));
}

TEST_CASE("box: texts that are cut or strange give nothing", "[plugins][box]") {
    CHECK_FALSE(plugins::parse_cpu_times(""));
    CHECK_FALSE(plugins::parse_cpu_times("cpu  1 2 3"));
    CHECK_FALSE(plugins::parse_cpu_times("cpu0 1 2 3 4 5 6 7 8"));
    CHECK_FALSE(plugins::parse_cpu_times("cpu  1 2 3 4 5 6 7 -8"));
    CHECK(plugins::parse_cpu_times("page 1\ncpu  1 2 3 4 5 6 7 8\n")->total == 36);
    CHECK_FALSE(plugins::parse_memory("MemTotal: 5 kB\n"));
    CHECK_FALSE(plugins::parse_memory("MemTotal: 5 kB\nMemAvailable: 6 kB\n"));
    CHECK_FALSE(plugins::first_number("abc"));
    CHECK_FALSE(plugins::first_number(""));
    CHECK_FALSE(plugins::first_number("inf"));
    CHECK(plugins::first_number(" -5.5 x") == -5.5);
}

}  // namespace cxedge::test
