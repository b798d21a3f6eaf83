// SPDX-License-Identifier: Apache-2.0
// What goes into the history beside the outlets, and what comes out of it once more.
#include "tests/unit/app/data_path_bench.hpp"

namespace cxedge::app {
namespace {

using std::chrono::milliseconds;

TEST_CASE("data_path: the history has everything once, however the process ends", "[app]") {
    Bench bench;
    bench.with_history = true;
    bench.journal_bytes = 40U << 10U;  // begun anew every few hundred readings
    bench.restart();
    std::vector<double> given;
    double windowed = 0;
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 700; ++i) {
            given.push_back(round * 1000 + i);
            bench.give("raw.a", given.back());
            bench.give("win.b", 1);
            bench.clock.advance(milliseconds(1100));
            if (i % 10 == 0) {
                bench.path->tick();
            }
            windowed += 1;
        }
        if (round == 2) {
            REQUIRE(bench.history->commit(3).ok());
        }
        CHECK((bench.remembered("raw.a") == given));
        bench.restart();
        CHECK((bench.remembered("raw.a") == given));
    }
    bench.pass(std::chrono::minutes(2));
    bench.pass(milliseconds(1000));
    // A window's mean is 1, whatever it holds; each is there once.
    std::size_t windows = 0;
    for (const double mean : bench.remembered("win.b")) {
        CHECK(mean == 1);
        ++windows;
    }
    CHECK(windows == bench.stored_by_series()["win.b"].size());
    CHECK(windowed == 3500);
}

TEST_CASE("data_path: what is replayed is marked, late and counted", "[app]") {
    Bench bench;
    bench.give("raw.a", 1);
    bench.pass(milliseconds(1000));
    const WallTime then = bench.clock.wall_now() - std::chrono::hours(30);
    Sample sample;
    sample.time = at_wall(then);
    sample.value = 7.5;
    REQUIRE(bench.path->replay({{gauge("raw.a"), sample}, {gauge("old.b"), sample}}, 99).ok());
    const auto batches = bench.spool().read(Lane::bulk, 0, 10);
    REQUIRE(batches->size() == 1);
    const store::NewBatch& batch = batches->front().batch;
    CHECK(bench.clock.boot_now().count() - batch.sealed_boot_ms > 60000);
    const auto body = wire::decode_body(Bench::received(batches->front()));
    REQUIRE(body.ok());
    CHECK(body->replay == 99);
    CHECK(body->samples.size() == 2);
    CHECK(body->samples.front().time == at_wall(then));
    CHECK(bench.path->counters().samples_produced == 3);
    CHECK(bench.stored() == std::vector<double>{1});
}

}  // namespace
}  // namespace cxedge::app
