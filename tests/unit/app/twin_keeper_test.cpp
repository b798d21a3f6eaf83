// SPDX-License-Identifier: Apache-2.0
#include "agent/app/twin_keeper.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::app {
namespace {

TEST_CASE("twin_keeper: killed after keep(), the next process audits the attempt", "[app]") {
    const test::TempDir dir;
    const test::ManualClock clock;
    Places places;
    places.state_dir = dir.file("state");
    places.config_file = dir.file("cxedged.toml");
    const auto entries = [&places] {
        const auto report = remote::read_audit(places.state_dir + "/audit.log");
        REQUIRE(report);
        CHECK(report->problems.empty());
        return report->entries;
    };
    wire::TwinAttempt attempt;
    attempt.version.generation = 7;
    attempt.outcome = wire::TwinOutcome::rejected;
    attempt.reasons = {"two\nlines"};
    attempt.at = clock.wall_now();
    attempt.key_id = "key";
    remote::TwinState state;
    state.history = {attempt};
    REQUIRE(TwinKeeper(places, clock).keep(state));
    for (int start = 0; start < 3; ++start) {
        const TwinKeeper next(places, clock);
        REQUIRE(entries().size() == 1);
        CHECK(entries()[0].subject == "generation 7");
        CHECK(entries()[0].result == "rejected");
    }
    attempt.version.generation = 8;
    state.history.insert(state.history.begin(), attempt);
    TwinKeeper audited(places, clock);
    REQUIRE(audited.keep(state));
    audited.audit_newest();
    const TwinKeeper after(places, clock);
    CHECK(entries().size() == 2);
}

}  // namespace
}  // namespace cxedge::app
