// SPDX-License-Identifier: Apache-2.0
// The ring over kills, power cuts and damage.
#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <random>

#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;
using Numbers = std::vector<std::uint64_t>;

TEST_CASE("ring: survives kill -9 without a hole, a gap or a commit", "[store]") {
    SpoolFixture at;
    at.record_declarations();
    REQUIRE(run_and_die(at, [](Spool& spool) {
        auto batches = make_batches(10, 2000);
        batches[9].journal_through = 77;
        return spool.append(batches).ok() && spool.storage().commits == 0 &&
               spool.acknowledge({spool.read(Lane::live, 0, 1)->front().position}).ok();
    }));
    Spool& spool = at.open();
    CHECK(spool.report().repairs.empty());
    CHECK(spool.sealed_through(Stream::kpi) == 77);
    REQUIRE(spool.append(make_batches(1, 5)).ok());
    CHECK(seqs_of(read_all(spool)) == Numbers{2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    CHECK(at.declared.empty());
    struct stat info {};
    REQUIRE(::stat(at.options.ring_file.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("ring: lost with the power, its numbers are skipped and declared", "[store]") {
    SpoolFixture at;
    at.record_declarations();
    REQUIRE(run_and_die(at, [](Spool& spool) {
        return spool.append(make_batches(3, 50)).ok() && spool.commit(Spool::Move::all).ok() &&
               spool.append(make_batches(4, 50)).ok();
    }));
    REQUIRE(fs::remove(at.options.ring_file));
    at.set_boot("66666666-2222-3333-4444-555555555555");
    Spool& spool = at.open();
    CHECK_FALSE(spool.report().new_epoch);
    CHECK(seqs_of(read_all(spool)) == Numbers{1, 2, 3});
    REQUIRE(spool.append(make_batches(1, 5)).ok());
    const std::uint64_t next = read_all(spool).back().seq;
    CHECK(next > 7);
    bool declared = false;
    for (const Gap& gap : at.gaps()) {
        CHECK(gap.cause == GapCause::uncommitted);
        declared = declared ||
                   gap == Gap{Lane::live, spool.epoch(), 4, next - 1, 0, 0, GapCause::uncommitted};
    }
    CHECK(declared);
    CHECK(spool.status(Lane::control).batches == 1);
}

TEST_CASE("ring: records of another boot are kept", "[store]") {
    SpoolFixture at;
    REQUIRE(run_and_die(at, [](Spool& spool) { return spool.append(make_batches(3, 50)).ok(); }));
    at.set_boot("66666666-2222-3333-4444-555555555555");
    Spool& spool = at.open();
    CHECK(spool.boot() == 2);
    const auto held = read_all(spool);
    REQUIRE(seqs_of(held) == Numbers{1, 2, 3});
    CHECK(held[0].boot == 1);
    REQUIRE(spool.commit(Spool::Move::due).ok());
    CHECK(spool.storage().ring_used_bytes == 0);
}

TEST_CASE("ring: records of another epoch keep theirs", "[store]") {
    SpoolFixture at;
    REQUIRE(run_and_die(at, [](Spool& spool) { return spool.append(make_batches(3, 50)).ok(); }));
    REQUIRE(fs::remove(at.file("state.db")));
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(1, 50)).ok());
    const auto all = read_all(spool);
    CHECK(seqs_of(all) == Numbers{1, 2, 3, 1});
    CHECK(all[0].epoch != spool.epoch());
    CHECK(all[3].epoch == spool.epoch());
}

TEST_CASE("ring: a queue.db deleted between runs is declared by its counts", "[store]") {
    SpoolFixture at;
    at.record_declarations();
    REQUIRE(run_and_die(at, [](Spool& spool) {
        return spool.append(make_batches(5, 50)).ok() && spool.commit(Spool::Move::all).ok() &&
               spool.append(make_batches(2, 50)).ok();
    }));
    for (const char* name : {"queue.db", "queue.db-wal", "queue.db-shm"}) {
        fs::remove(at.file(name));
    }
    Spool& spool = at.open();
    CHECK(read_all(spool).size() == 2);
    REQUIRE(at.gaps().size() == 1);
    CHECK(at.gaps()[0].cause == GapCause::corrupt);
    CHECK(at.gaps()[0].first_seq == 1);
    CHECK(at.gaps()[0].last_seq == 5);
    CHECK(at.gaps()[0].samples == 50);
    // Said once.
    at.open();
    CHECK(at.gaps().size() == 1);
}

TEST_CASE("ring: where no file can be, memory serves and the report says so", "[store]") {
    SpoolFixture at;
    at.options.ring_file = at.directory.file("missing") + "/ring";
    Spool& spool = at.open();
    REQUIRE(spool.report().repairs.size() == 1);
    CHECK(spool.report().repairs[0].find("missing/ring") != std::string::npos);
    REQUIRE(spool.append(make_batches(3, 50)).ok());
    CHECK(read_all(spool).size() == 3);
    CHECK(read_all(at.open()).size() == 3);
}

TEST_CASE("ring: moves into its file once that can be had", "[store]") {
    SpoolFixture at;
    const std::string later = at.directory.file("later");
    at.options.ring_file = later + "/ring";
    REQUIRE(run_and_die(at, [&](Spool& spool) {
        bool fine = !spool.storage().ring_memory_only.empty();
        fine = fine && spool.append(make_batches(3, 50)).ok();
        fine = fine && std::filesystem::create_directory(later);
        at.clock.advance(std::chrono::seconds(2));
        fine = fine && spool.commit(Spool::Move::due).ok();
        fine = fine && spool.storage().ring_memory_only.empty();
        return fine && spool.append(make_batches(2, 50)).ok();
    }));
    Spool& spool = at.open();
    CHECK(seqs_of(read_all(spool)) == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    CHECK_FALSE(spool.report().new_epoch);
}

TEST_CASE("ring: any flipped byte costs what it hits, never more, and is declared", "[store]") {
    const unsigned seed = GENERATE(range(0U, 60U));
    SpoolFixture at;
    at.options.ring_bytes = 20'000;
    at.record_declarations();
    REQUIRE(run_and_die(at, [](Spool& spool) {
        return spool.append(make_batches(3, 400)).ok() &&
               spool.acknowledge({spool.read(Lane::live, 0, 1)->front().position}).ok() &&
               spool.append(make_batches(17, 400)).ok();
    }));
    std::mt19937 random(seed);
    std::string bytes = read_file(at.options.ring_file);
    // Half of them in the header, where the little that counts is.
    const std::size_t where = seed % 2 == 0 ? random() % 2048 : 4096 + random() % 11'000;
    bytes[where] = static_cast<char>(static_cast<unsigned char>(bytes[where]) ^ (1U + seed % 255U));
    write_file(at.options.ring_file, bytes);
    INFO("seed " << seed << " byte " << where);
    Spool& spool = at.open();
    const auto kept = read_all(spool);
    CHECK(kept.size() >= 18);
    std::map<std::uint64_t, int> times;
    for (const auto& batch : kept) {
        CHECK(++times[batch.seq] == 1);
        CHECK(batch.batch.body.size() == 400);
    }
    // An acknowledged batch may come again when its own mark was hit.
    const std::uint64_t lost = kept.size() < 19 ? 19 - kept.size() : 0;
    CHECK(samples_of(at.gaps()) == 10 * lost);
    REQUIRE(spool.append(make_batches(1, 5)).ok());
    CHECK(read_all(spool).back().seq > 20);
    CHECK(at.open().report().repairs.empty());
}

TEST_CASE("ring: wraps, fills and empties over and over", "[store]") {
    SpoolFixture at;
    at.options.ring_bytes = 40'000;
    Spool& spool = at.open();
    std::mt19937 random(7);
    std::uint64_t next = 1;
    std::uint64_t expected = 1;
    for (int round = 0; round < 3000; ++round) {
        REQUIRE(spool.append(make_batches(1 + random() % 3, random() % 3000)).ok());
        const auto held = spool.read(Lane::live, 0, random() % 9);
        REQUIRE(held.ok());
        for (const auto& batch : *held) {
            REQUIRE(batch.seq == expected++);
        }
        REQUIRE(spool.acknowledge(positions_of(*held)).ok());
    }
    next = spool.status(Lane::live).next_seq;
    CHECK(next - expected == spool.status(Lane::live).batches);
    CHECK(read_all(spool).size() == next - expected);
}

// What a child that will be killed tells of its progress; shared memory, so that nothing is lost.
struct Progress {
    volatile std::uint64_t appended;  // batches of calls that returned ok
    volatile std::uint64_t acking;    // the last of a call that may have done part of its work
    volatile std::uint64_t acked;     // all numbers up to here are acknowledged
    volatile std::uint64_t calls;
};

void work_until_killed(const SpoolFixture& at, Progress& progress, unsigned seed) {
    auto opened = at.try_open();
    if (!opened) {
        ::_exit(1);
    }
    Spool& spool = **opened;
    std::mt19937 random(seed);
    for (;;) {
        progress.calls = progress.calls + 1;
        const std::size_t count = 1 + random() % 4;
        const std::uint64_t before = spool.status(Lane::live).next_seq;
        if (spool.append(make_batches(count, random() % 2000)).ok()) {
            progress.appended = before + count - 1;
        }
        if (random() % 8 == 0) {
            (void)spool.commit(Spool::Move::all);
        }
        if (random() % 3 == 0) {
            const auto held = spool.read(Lane::live, 0, random() % 6);
            if (!held || held->empty()) {
                continue;
            }
            progress.acking = held->back().seq;
            if (spool.acknowledge(positions_of(*held)).ok()) {
                progress.acked = held->back().seq;
            }
        }
    }
}

TEST_CASE("ring: killed anywhere, every accepted batch is there exactly once", "[store]") {
    SpoolFixture at;
    at.record_declarations();
    void* memory = ::mmap(
        nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0
    );
    REQUIRE(memory != MAP_FAILED);
    auto& progress = *static_cast<Progress*>(memory);
    for (unsigned round = 0; round < 25; ++round) {
        const pid_t child = ::fork();
        if (child == 0) {
            work_until_killed(at, progress, round);
        }
        const std::uint64_t last_call = progress.calls + 1 + round * 7 % 60;
        while (progress.calls < last_call && ::waitpid(child, nullptr, WNOHANG) == 0) {
            ::sched_yield();
        }
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        Spool& spool = at.open();
        CHECK_FALSE((round > 0 && spool.report().new_epoch));
        const auto held = read_all(spool);
        INFO("round " << round);
        // At the least what was told is gone, at the most what was acknowledged when it died: of
        // one call what was in the ring goes before what was in queue.db.
        const std::uint64_t acking = progress.acking;
        std::uint64_t last = progress.acked;
        for (const auto& batch : held) {
            REQUIRE(batch.seq > last);
            REQUIRE(batch.seq <= std::max(last, acking) + 1);
            last = batch.seq;
        }
        CHECK(std::max(last, acking) >= progress.appended);
        REQUIRE(spool.acknowledge(positions_of(held)).ok());
        progress.acked = spool.status(Lane::live).next_seq - 1;
        progress.acking = progress.acked;
        progress.appended = progress.acked;
        at.close();
    }
    CHECK(at.gaps().empty());
    ::munmap(memory, sizeof(Progress));
}

}  // namespace
}  // namespace cxedge::store
