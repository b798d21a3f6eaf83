// SPDX-License-Identifier: Apache-2.0
// Quota, age, full disks, and what is taken out and declared.
#include <csignal>
#include <filesystem>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "agent/store/sqlite_database.hpp"

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
using std::chrono::seconds;

std::uint64_t samples_held(const Spool& spool) {
    return spool.status(Lane::live).samples + spool.status(Lane::bulk).samples;
}

NewBatch bulk_batch(const SpoolFixture& at, std::size_t bytes) {
    NewBatch batch = make_batch(std::string(bytes, 'b'), Stream::bulk);
    batch.sealed_boot_ms = at.clock.boot_now().count();
    return batch;
}

TEST_CASE("limits: above the soft limit the oldest of lane 2 go, declared in runs", "[store]") {
    SpoolFixture at;
    at.options.max_bytes = 1U << 20U;
    at.record_declarations();
    Spool& spool = at.open();
    for (int i = 0; i < 300; ++i) {
        REQUIRE(spool.append({bulk_batch(at, 4000)}).ok());
        at.clock.advance(seconds(1));
        REQUIRE(spool.commit(Spool::Move::due).ok());
    }
    CHECK(spool.storage().used_bytes <= (1U << 20U) / 100 * 85);
    const auto gaps = at.gaps();
    REQUIRE_FALSE(gaps.empty());
    CHECK(gaps.size() < 100);
    CHECK(gaps.front().cause == GapCause::quota);
    CHECK(gaps.front().lane == Lane::bulk);
    CHECK(gaps.front().first_seq == 1);
    CHECK(samples_of(gaps) + samples_held(spool) == 300 * 10);
    CHECK(read_all(spool, Lane::bulk).front().seq == gaps.back().last_seq + 1);
    CHECK(spool.status(Lane::control).batches == at.declared.size());
}

TEST_CASE("limits: lane 1 refuses at the hard limit, or drops where that was chosen", "[store]") {
    const bool drop = GENERATE(false, true);
    SpoolFixture at;
    at.options.max_bytes = 1U << 20U;
    at.options.ring_bytes = 64U << 10U;
    at.options.drop_live_when_full = drop;
    at.record_declarations();
    Spool& spool = at.open();
    std::size_t accepted = 0;
    bool refused = false;
    for (int i = 0; i < 400; ++i) {
        const bool taken = spool.append(make_batches(1, 4000)).ok();
        accepted += taken ? 1 : 0;
        refused = refused || !taken;
        at.clock.advance(seconds(1));
        (void)spool.commit(Spool::Move::due);
    }
    CHECK(refused == !drop);
    CHECK(at.gaps().empty() == !drop);
    CHECK(samples_of(at.gaps()) + samples_held(spool) == accepted * 10);
    CHECK(spool.storage().mode != StorageMode::normal);
    if (drop) {
        CHECK(accepted == 400);
    }
}

TEST_CASE("limits: what is older than its lane allows goes with a gap", "[store]") {
    SpoolFixture at;
    at.options.max_age = {std::chrono::hours(0), std::chrono::hours(1), std::chrono::hours(0)};
    at.record_declarations();
    Spool& spool = at.open();
    auto batch = make_batch("old");
    batch.sealed_boot_ms = at.clock.boot_now().count();
    REQUIRE(spool.append({batch}).ok());
    at.clock.advance(std::chrono::minutes(50));
    batch.sealed_boot_ms = at.clock.boot_now().count();
    REQUIRE(spool.append({batch}).ok());
    REQUIRE(spool.commit(Spool::Move::due).ok());
    CHECK(at.gaps().empty());
    at.clock.advance(std::chrono::minutes(20));
    REQUIRE(spool.commit(Spool::Move::due).ok());
    const std::vector<Gap> expected{{Lane::live, spool.epoch(), 1, 1, 10, 0, GapCause::age}};
    CHECK(at.gaps() == expected);
    CHECK(seqs_of(read_all(spool)) == std::vector<std::uint64_t>{2});
    // Another boot: by the wall clock. A clock that was never right says nothing.
    at.set_boot("66666666-2222-3333-4444-555555555555");
    at.open();
    at.clock.advance(std::chrono::hours(3));
    REQUIRE(at.spool->commit(Spool::Move::due).ok());
    CHECK(read_all(*at.spool).size() == 1);  // sealed in November 2023: before clocks were right
}

TEST_CASE("limits: a buried batch is kept apart and declared", "[store]") {
    const bool flash = GENERATE(false, true);
    SpoolFixture at;
    at.record_declarations();
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(3, 100)).ok());
    if (flash) {
        REQUIRE(spool.commit(Spool::Move::all).ok());
    }
    const auto held = read_all(spool);
    REQUIRE(spool.bury(held[1].position, 0x87, 3).ok());
    REQUIRE(spool.bury(held[1].position, 0x87, 3).ok());  // unknown by now
    CHECK(seqs_of(read_all(spool)) == std::vector<std::uint64_t>{1, 3});
    REQUIRE(at.declared.size() == 1);
    const DeadLetter expected{Lane::live, spool.epoch(), 2, 10, 0, 0x87, 3};
    CHECK(at.declared[0].dead == std::vector<DeadLetter>{expected});
    CHECK(spool.storage().dead_letters == 1);
    CHECK(spool.status(Lane::control).batches == 1);
    CHECK(at.open().storage().dead_letters == 1);
}

TEST_CASE("limits: dead letters are bounded, the oldest go first", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(300, 10)).ok());
    for (const std::uint64_t position : positions_of(read_all(spool))) {
        REQUIRE(spool.bury(position, 0x99, 1).ok());
    }
    CHECK(spool.storage().dead_letters == 256);
    at.close();
    auto database = Database::open(at.file("queue.db"));
    REQUIRE(database.ok());
    CHECK(*database->query_integer("SELECT min(seq) FROM dead") == 45);
    CHECK(*database->query_integer("SELECT count(*) FROM dead") == 256);
}

TEST_CASE("limits: a split batch comes again in parts", "[store]") {
    const bool flash = GENERATE(false, true);
    SpoolFixture at;
    at.record_declarations();
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(2, 100)).ok());
    if (flash) {
        REQUIRE(spool.commit(Spool::Move::all).ok());
    }
    const auto held = read_all(spool);
    REQUIRE(spool.append({make_batch("later")}).ok());
    REQUIRE(spool.split(held[0].position, {make_batch("left"), make_batch("right")}).ok());
    const auto all = read_all(spool);
    CHECK(seqs_of(all) == std::vector<std::uint64_t>{2, 3, 4, 5});
    CHECK(all[2].batch.body == "left");
    const std::vector<Gap> expected{{Lane::live, spool.epoch(), 1, 1, 0, 0, GapCause::split}};
    CHECK(at.gaps() == expected);
    REQUIRE(spool.append({make_batch("last")}).ok());
    CHECK(read_all(at.open()).back().batch.body == "last");
}

TEST_CASE("limits: deletes up to a number, in both tiers", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(600, 10)).ok());
    REQUIRE(spool.commit(Spool::Move::all).ok());
    REQUIRE(spool.append(make_batches(10, 10)).ok());
    const auto position = spool.position_of_seq(Lane::live, spool.epoch(), 605);
    REQUIRE((position.ok() && position->has_value()));
    const auto none = spool.acknowledge_through(Lane::live, spool.epoch() + 1, 605);
    REQUIRE(none.ok());
    CHECK(none->batches == 0);
    const auto delivered = spool.acknowledge_through(Lane::live, spool.epoch(), 605);
    REQUIRE(delivered.ok());
    CHECK(delivered->batches == 605);
    CHECK(delivered->samples == 6050);
    CHECK(seqs_of(read_all(spool)) == std::vector<std::uint64_t>{606, 607, 608, 609, 610});
    CHECK(spool.status(Lane::live).first_unacked == 606);
    CHECK_FALSE(spool.position_of_seq(Lane::live, spool.epoch(), 611)->has_value());
    CHECK(spool.position_of_seq(Lane::live, spool.epoch(), 1)->has_value());
}

// No file of the process may grow past its limit: as a full disk, with EFBIG in place of ENOSPC.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const struct rlimit limit { bytes, before_.rlim_max };
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    struct rlimit before_ {};
};

TEST_CASE("limits: a full disk keeps the ring, deletes, and recovers by itself", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    std::size_t accepted = 0;
    {
        const FileSizeLimit limit(300'000);
        bool refused = false;
        for (int i = 0; i < 300 && !refused; ++i) {
            refused = !spool.append(make_batches(1, 4000)).ok();
            accepted += refused ? 0 : 1;
            at.clock.advance(seconds(1));
            (void)spool.commit(Spool::Move::due);
        }
        REQUIRE(refused);
        CHECK(spool.storage().mode == StorageMode::full);
        CHECK(spool.storage().problem.find(at.options.directory) != std::string::npos);
        CHECK(spool.status(Lane::live).batches == accepted);
        const auto held = read_all(spool);
        CHECK(held.size() == accepted);
    }
    at.clock.advance(seconds(2));
    CHECK(spool.commit(Spool::Move::due).ok());
    CHECK(spool.storage().mode == StorageMode::normal);
    CHECK(read_all(at.open()).size() == accepted);
}

// The batch needs a definition that queue.db has no room for.
TEST_CASE("limits: a series first seen on a full disk survives kill -9", "[store]") {
    SpoolFixture at;
    at.record_declarations();
    auto batch = make_batch("needs one");
    batch.dict_size = 2;
    REQUIRE(run_and_die(at, [&](Spool& spool) {
        bool good = spool.add_definition(0, "zero").ok() && spool.commit(Spool::Move::all).ok();
        const FileSizeLimit limit(1);
        good = good && spool.add_definition(1, "one").ok() && spool.append({batch}).ok();
        return good && spool.committed_definitions().size() == 1 && read_all(spool).empty();
    }));
    const std::vector<std::string> both{"zero", "one"};
    REQUIRE(run_and_die(at, [&](Spool& spool) {
        const FileSizeLimit limit(1);
        batch.body = "needs it too";
        return spool.definitions() == both && spool.append({batch}).ok() &&
               spool.committed_definitions().size() == 1 && read_all(spool).empty();
    }));
    Spool& spool = at.open();
    CHECK(spool.report().repairs.empty());
    CHECK(spool.definitions() == both);
    const auto held = read_all(spool);
    REQUIRE(held.size() == 2);
    CHECK(held.back().batch.body == "needs it too");
    CHECK(spool.committed_definitions() == both);
    REQUIRE(spool.acknowledge(positions_of(held)).ok());
    CHECK(spool.storage().ring_used_bytes == 0);
    CHECK(at.gaps().empty());
    CHECK(at.open().definitions() == both);
}

// A file system of our own in a mount namespace of this process; it ends with the process. False:
// not allowed here.
bool mount_small_disk(const std::string& directory, const char* size) {
    std::filesystem::create_directories(directory);
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", directory.c_str(), "tmpfs", 0, size) == 0;
}

TEST_CASE("limits: a disk filled to its last block by others costs nothing", "[store]") {
    SpoolFixture at;
    if (!mount_small_disk(at.options.directory, "size=40m")) {
        WARN("no small disk can be mounted here: not tested");
        return;
    }
    at.options.ballast_bytes = 4U << 20U;
    at.record_declarations();
    Spool& spool = at.open();
    const auto offer = [&](int batches) {
        std::size_t accepted = 0;
        for (int i = 0; i < batches; ++i) {
            accepted += spool.append(make_batches(1, 4000)).ok() ? 1U : 0U;
            at.clock.advance(seconds(1));
            (void)spool.commit(Spool::Move::due);
        }
        return accepted;
    };
    std::size_t accepted = offer(400);
    CHECK(accepted == 400);
    write_file(at.file("filler"), std::string(40U << 20U, 'x'));
    accepted += offer(200);
    CHECK(accepted < 600);
    CHECK(spool.storage().mode == StorageMode::full);
    auto held = read_all(spool);
    REQUIRE(held.size() == accepted);
    held.resize(accepted / 2);
    REQUIRE(spool.acknowledge(positions_of(held)).ok());
    CHECK(read_all(at.open()).size() == accepted - held.size());
    REQUIRE(std::filesystem::remove(at.file("filler")));
    at.clock.advance(seconds(2));
    REQUIRE(at.spool->commit(Spool::Move::all).ok());
    CHECK(at.spool->append(make_batches(1, 4000)).ok());
    CHECK(at.spool->commit(Spool::Move::all).ok());
    CHECK(at.gaps().empty());
    at.close();
    ::umount(at.options.directory.c_str());
}

TEST_CASE("limits: steady and acknowledged at once, no file is written", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    REQUIRE(spool.commit(Spool::Move::all).ok());
    const std::uint64_t commits = spool.storage().commits;
    const std::string queue = read_file(at.file("queue.db-wal"));
    const std::string state = read_file(at.file("state.db-wal"));
    for (int i = 0; i < 2000; ++i) {
        REQUIRE(spool.append(make_batches(2, 500)).ok());
        at.clock.advance(seconds(1));
        REQUIRE(spool.commit(Spool::Move::due).ok());
        REQUIRE(spool.acknowledge(positions_of(read_all(spool))).ok());
    }
    CHECK(spool.storage().commits == commits);
    CHECK(spool.storage().ring_used_bytes == 0);
    CHECK(read_file(at.file("queue.db-wal")) == queue);
    CHECK(read_file(at.file("state.db-wal")) == state);
}

}  // namespace
}  // namespace cxedge::store
