// SPDX-License-Identifier: Apache-2.0
// The box's clock by a kernel and a chronyc that say what a test wants.
#include "plugins/clock/clock.hpp"

#include <cerrno>
#include <fstream>
#include <string>

#include <fmt/core.h>

#include "plugins/clock/chrony_tracking.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

using Catch::Contains;
using plugins::ClockProbe;
using plugins::KernelTime;
using plugins::parse_chrony_tracking;
using probes::Finding;
using probes::ProbeResult;

// Recorded from chrony 4.3 (-x, a server 250 ms ahead; no server; `local`).
constexpr const char* kBehind =
    "7F000001,127.0.0.1,3,1795421419.849980792,0.250041276,-0.000001034,0.000005933,-0.631,-0.019,"
    "1.952,0.001081028,0.000524107,1.0,Normal\n";
constexpr const char* kAlone =
    "00000000,,0,0.000000000,0.000000626,0.000000000,0.000000000,-0.631,0.000,0.000,1.000000000,"
    "1.000000000,0.0,Not synchronised\n";
constexpr const char* kLocal =
    "7F7F0101,,7,1795421460.038058718,0.000000630,0.000000000,0.000000000,-0.631,0.000,0.000,"
    "0.000000000,0.000000000,0.0,Normal\n";

KernelTime& kernel_says() {
    static KernelTime time;
    return time;
}

// With that kernel, for a lab that makes its source itself.
struct LabClock : probes::ProbeSource {
    void init(const SettingsNode& settings, SettingsProblems& problems) override {
        clock.init(settings, problems);
    }
    [[nodiscard]] const probes::ProbeSettings& settings() const override {
        return clock.settings();
    }
    std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override {
        return clock.make_run(target, context);
    }

    ClockProbe clock{plugins::ClockSystem{[] {
        return kernel_says();
    }}};
};

// A program of that name that does what `script` says.
std::string chronyc_that(const TempDir& dir, const std::string& script) {
    const std::string path = dir.file("chronyc");
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

Finding look(const std::string& settings) {
    ProbeLab<LabClock> lab(settings);
    return lab.run("local");
}

std::string clock_fact(const Finding& finding, const std::string& name) {
    for (const auto& [key, value] : finding.facts) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

}  // namespace

TEST_CASE("clock: does what its cases say", "[plugins][clock]") {
    check_plugin({"clock", make_source<ClockProbe>, [](CaseRun&, Source&) {
                  }});
}

TEST_CASE("clock: chrony's line, as recorded", "[plugins][clock]") {
    const auto behind = parse_chrony_tracking(kBehind);
    REQUIRE(behind);
    // "System time : 0.250041276 seconds slow of NTP time", "Frequency : 0.631 ppm slow".
    CHECK(behind->offset_s == Approx(-0.250041276));
    CHECK(behind->frequency_ppm == Approx(-0.631));
    CHECK(behind->bound_s() == Approx(0.250041276 + 0.000524107 + 0.001081028 / 2));
    CHECK(behind->stratum == 3);
    CHECK(behind->reference == "127.0.0.1");
    CHECK(behind->synchronised);
    REQUIRE(parse_chrony_tracking(kAlone));
    CHECK_FALSE(parse_chrony_tracking(kAlone)->synchronised);
    REQUIRE(parse_chrony_tracking(kLocal));
    CHECK_FALSE(parse_chrony_tracking(kLocal)->synchronised);
}

TEST_CASE("clock: what is no such line is none", "[plugins][clock]") {
    for (const char* text :
         {"",
          "\n",
          "506 Cannot talk to daemon",
          "a,b,3,4,5,6,7,8,9,10,11,12,13",
          "a,b,3,4,5,6,7,8,9,10,11,12,13,Normal,more",
          "a,b,x,4,5,6,7,8,9,10,11,12,13,Normal",
          "a,b,99,4,5,6,7,8,9,10,11,12,13,Normal",
          "a,b,3,4,nan,6,7,8,9,10,11,12,13,Normal",
          "a,b,3,4,1e300,6,7,8,9,10,11,12,13,Normal",
          "a,b,3,4,5,6,7,8,9,10,-11,12,13,Normal"}) {
        INFO(text);
        CHECK_FALSE(parse_chrony_tracking(text));
    }
    CHECK(parse_chrony_tracking("a,b,3,4,5,6,7,8,9,10,11,12,13,Normal\r\n"));
}

TEST_CASE("clock: chrony is asked where it is", "[plugins][clock]") {
    const TempDir dir;
    kernel_says() = {0, true, 0.5, 0.7};
    const std::string chronyc = chronyc_that(
        dir, fmt::format("[ \"$*\" = '-n -c tracking' ] && cat <<'EOF'\n{}EOF\n", kBehind)
    );
    const Finding found = look(fmt::format("chronyc = \"{}\"", chronyc));
    CHECK(found.result == ProbeResult::ok);
    CHECK(figure(found, "clock.offset").values.at(0) == Approx(-0.250041276));
    CHECK(figure(found, "clock.error").values.at(0) == Approx(0.2511059));
    CHECK(figure(found, "clock.stratum").values == std::vector<double>{3});
    CHECK(clock_fact(found, "source") == "127.0.0.1");
}

TEST_CASE("clock: without chrony the kernel says it", "[plugins][clock]") {
    kernel_says() = {0, true, -0.000125, 0.0085};
    for (const char* setting : {"chronyc = \"\"", "chronyc = \"/nonexistent/chronyc\""}) {
        const Finding found = look(setting);
        CHECK(found.result == ProbeResult::ok);
        CHECK(found.figures.size() == 2);
        CHECK(figure(found, "clock.offset").values == std::vector<double>{-0.000125});
        CHECK(figure(found, "clock.error").values == std::vector<double>{0.0085});
    }
}

TEST_CASE("clock: nobody corrects it", "[plugins][clock]") {
    const TempDir dir;
    kernel_says() = {0, false, 0, 16};
    const Finding kernel = look("chronyc = \"\"");
    CHECK(kernel.result == ProbeResult::bad_status);
    CHECK(kernel.step == "clock");
    CHECK(figure(kernel, "clock.offset").values.empty());
    CHECK(figure(kernel, "clock.error").values.empty());
    const std::string chronyc = chronyc_that(dir, fmt::format("printf '{}'", kAlone));
    kernel_says().synchronised = true;  // chrony knows better
    const Finding chrony = look(fmt::format("chronyc = \"{}\"", chronyc));
    CHECK(chrony.result == ProbeResult::bad_status);
    CHECK(figure(chrony, "clock.stratum").values.empty());
    kernel_says() = {EPERM, false, 0, 0};
    CHECK(look("chronyc = \"\"").result == ProbeResult::no_permission);
}

TEST_CASE("clock: a chronyc that fails, talks nonsense or hangs", "[plugins][clock]") {
    const TempDir dir;
    kernel_says() = {0, true, 0.25, 0.5};
    const char* const script =
        GENERATE("exit 1", "echo 506 Cannot talk to daemon", "yes", "sleep 1000", "cat /dev/zero");
    const std::string chronyc = chronyc_that(dir, script);
    const auto began = std::chrono::steady_clock::now();
    const Finding found = look(fmt::format("timeout_s = 0.5\nchronyc = \"{}\"", chronyc));
    INFO(script << ": " << clock_fact(found, "chrony"));
    CHECK(found.result == ProbeResult::ok);  // the kernel's word stands
    CHECK(figure(found, "clock.offset").values == std::vector<double>{0.25});
    CHECK(figure(found, "clock.stratum").values.empty());
    CHECK_FALSE(clock_fact(found, "chrony").empty());
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
}

TEST_CASE("clock: a run that is given up ends its chronyc", "[plugins][clock]") {
    const TempDir dir;
    const std::string chronyc = chronyc_that(dir, "exec sleep 1000");
    ProbeLab<LabClock> lab(fmt::format("chronyc = \"{}\"", chronyc));
    const auto descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const auto before = descriptors();
    {
        const auto run = lab.source.make_run({"local", "local"}, lab.context);
        run->begin([](const Finding&) { FAIL("it has ended"); });
        lab.loop.poll();
        CHECK(descriptors() > before);
    }
    CHECK(descriptors() == before);
}

TEST_CASE("clock: this box's own kernel answers", "[plugins][clock]") {
    ProbeLab<ClockProbe> lab("chronyc = \"\"");
    const Finding found = lab.run("local");
    CHECK(
        (found.result == ProbeResult::ok || found.result == ProbeResult::bad_status ||
         found.result == ProbeResult::no_permission)
    );
    CHECK(found.figures.size() == 2);
}

}  // namespace cxedge::test
