// SPDX-License-Identifier: Apache-2.0
#include "plugins/_template/template.hpp"

#include <fstream>

#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {

using plugins::Template;

TEST_CASE("template: a file that is not there yet is worth a retry", "[plugins][template]") {
    Running<Template> run;
    const Status first = run.start("plugin = \"template\"\nfile = \"${dir}/number\"\n");
    REQUIRE_FALSE(first);
    CHECK(first.error().code == ErrorCode::unavailable);
    run.source.stop();
    std::ofstream(run.dir.file("number")) << "3";
    REQUIRE(run.source.start(run.host));
    CHECK(run.host.values_of("template.value") == std::vector<double>{3});
}

TEST_CASE("template: a problem is told once, and so is its end", "[plugins][template]") {
    Running<Template> run;
    std::ofstream(run.dir.file("number")) << "x";
    REQUIRE(run.start("plugin = \"template\"\nfile = \"${dir}/number\"\ninterval_s = 0.1\n"));
    REQUIRE(run.host.run_until([&] { return run.host.readings.size() >= 3; }));
    CHECK(
        run.host.problems == std::vector<std::string>{run.dir.file("number") + " holds no number"}
    );
    std::ofstream(run.dir.file("number")) << "4";
    REQUIRE(run.host.run_until([&] { return run.host.readings.back().value.has_value(); }));
    REQUIRE(run.host.problems.size() == 2);
    CHECK(run.host.problems.back().empty());
}

}  // namespace cxedge::test
