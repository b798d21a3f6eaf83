// SPDX-License-Identifier: Apache-2.0
// The spool after its process died without a word. The child shares no connection with the parent:
// it opens the spool itself, works, and kills itself.
#include <csignal>
#include <functional>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)

TEST_CASE("spool: what was committed survives kill -9", "[store]") {
    SpoolFixture at;
    REQUIRE(run_and_die(at, [](Spool& spool) {
        auto batches = make_batches(10, 2000);
        batches[0].dict_size = 1;
        return spool.add_definition(0, "zero").ok() && spool.append(batches).ok();
    }));
    Spool& spool = at.open();
    CHECK_FALSE(spool.report().new_epoch);
    CHECK(spool.report().repairs.empty());
    CHECK(read_all(spool).size() == 10);
    CHECK(spool.committed_definitions().size() == 1);
}

TEST_CASE("spool: no number is given twice over many kills", "[store]") {
    SpoolFixture at;
    std::set<std::uint64_t> seen;
    std::uint64_t epoch = 0;
    std::uint64_t last = 0;
    for (int round = 0; round < 8; ++round) {
        // Odd rounds drain the spool before they die, so that nothing stored gives a hint.
        REQUIRE(run_and_die(at, [&](Spool& spool) {
            bool good = spool.append(make_batches(3, 50)).ok();
            if (round % 2 == 1) {
                const auto held = spool.read(Lane::live, 0, 100);
                good = good && held.ok() && spool.acknowledge(positions_of(*held)).ok();
            }
            return good && spool.append(make_batches(1, 50)).ok();
        }));
        Spool& spool = at.open();
        epoch = round == 0 ? spool.epoch() : epoch;
        CHECK(spool.epoch() == epoch);
        REQUIRE(spool.append(make_batches(1, 50)).ok());
        for (const auto& batch : read_all(spool)) {
            CHECK(batch.seq > last);
            last = batch.seq;
            CHECK(seen.insert(batch.seq).second);
        }
        REQUIRE(spool.acknowledge(positions_of(read_all(spool))).ok());
        at.close();
    }
    CHECK(seen.size() >= 16);
}

TEST_CASE("spool: positions rise over kills too", "[store]") {
    SpoolFixture at;
    std::uint64_t last = 0;
    for (int round = 0; round < 3; ++round) {
        REQUIRE(run_and_die(at, [](Spool& spool) { return spool.append(make_batches(1, 5)).ok(); })
        );
        Spool& spool = at.open();
        const auto held = read_all(spool);
        REQUIRE(held.size() == 1);
        CHECK(held[0].position > last);
        last = held[0].position;
        REQUIRE(spool.acknowledge({last}).ok());
        at.close();
    }
}

TEST_CASE("spool: a damaged log after kill -9 costs its tail, never a number", "[store]") {
    SpoolFixture at;
    REQUIRE(run_and_die(at, [](Spool& spool) {
        bool good = true;
        for (int i = 0; i < 20; ++i) {
            good = good && spool.append(make_batches(1, 3000)).ok() &&
                   spool.commit(Spool::Move::all).ok();
        }
        return good;
    }));
    std::string log = read_file(at.file("queue.db-wal"));
    REQUIRE(log.size() > 60'000);
    log[log.size() / 2] = static_cast<char>(log[log.size() / 2] ^ 0x10);
    write_file(at.file("queue.db-wal"), log);
    Spool& spool = at.open();
    const auto kept = read_all(spool);
    CHECK(kept.size() >= 5);
    CHECK(kept.size() < 20);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        CHECK(kept[i].seq == i + 1);
    }
    REQUIRE(spool.append(make_batches(1, 10)).ok());
    CHECK(read_all(spool).back().seq > 20);
}

TEST_CASE("spool: another process is refused while this one runs, and let in after", "[store]") {
    SpoolFixture at;
    at.open();
    const pid_t child = ::fork();
    if (child == 0) {
        const auto opened = at.try_open();
        const bool refused =
            !opened &&
            opened.error().message.find("already used by another cxedged") != std::string::npos;
        ::_exit(refused ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    at.close();
    CHECK(run_and_die(at, [](Spool& spool) { return spool.append(make_batches(1, 5)).ok(); }));
}

}  // namespace
}  // namespace cxedge::store
