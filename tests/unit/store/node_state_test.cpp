// SPDX-License-Identifier: Apache-2.0
// What outlives a lost queue: clocks of boots, facts, and files of the version before.
#include <filesystem>

#include "agent/store/sqlite_database.hpp"

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
using std::chrono::hours;
using std::chrono::milliseconds;

void write_database(const std::string& path, const std::string& sql) {
    auto database = Database::open(path);
    REQUIRE(database.ok());
    const Status status = database->execute(sql);
    INFO((status ? std::string() : status.error().message));
    REQUIRE(status.ok());
}

TEST_CASE("state: facts outlive the process and are few", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    CHECK(spool.recall("platform_ack").empty());
    REQUIRE(spool.remember("platform_ack", "1").ok());
    REQUIRE(spool.remember("platform_ack", "0").ok());
    for (int i = 1; i < 128; ++i) {
        REQUIRE(spool.remember("key " + std::to_string(i), std::string("\0value", 6)).ok());
    }
    const Status refused = spool.remember("one more", "x");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::exhausted);
    at.open();
    CHECK(at.spool->recall("platform_ack") == "0");
    CHECK(at.spool->recall("key 127") == std::string("\0value", 6));
}

TEST_CASE("state: the clock of a boot is known in the next", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    CHECK_FALSE(spool.boot_clock(1).has_value());
    REQUIRE(spool.note_clock({milliseconds(5000), 2}).ok());
    REQUIRE(spool.note_clock({milliseconds(1'700'000'000'000), 3}).ok());
    REQUIRE(spool.note_clock({milliseconds(9), 1}).ok());  // worse: what was known stays
    at.set_boot("66666666-2222-3333-4444-555555555555");
    at.open();
    REQUIRE(at.spool->boot() == 2);
    CHECK_FALSE(at.spool->boot_clock(2).has_value());
    REQUIRE(at.spool->boot_clock(1).has_value());
    CHECK(at.spool->boot_clock(1)->wall_offset == milliseconds(1'700'000'000'000));
    CHECK(at.spool->boot_clock(1)->quality == 3);
    CHECK_FALSE(at.spool->boot_clock(7).has_value());
}

TEST_CASE("state: the time floor rises, on disk once an hour", "[store]") {
    SpoolFixture at;
    at.open();
    CHECK(at.spool->time_floor() == WallTime());
    const milliseconds offset(1'700'000'000'000);
    REQUIRE(at.spool->note_clock({offset, 2}).ok());
    CHECK(at.spool->time_floor() == WallTime());  // not set by a server: proves nothing
    REQUIRE(at.spool->note_clock({offset, 3}).ok());
    const WallTime first = at.spool->time_floor();
    CHECK(first == WallTime(at.clock.boot_now() + offset));
    at.clock.advance(std::chrono::minutes(59));
    REQUIRE(at.spool->note_clock({offset, 3}).ok());
    CHECK(at.spool->time_floor() == first + std::chrono::minutes(59));
    CHECK(at.open().time_floor() == first);
    at.clock.advance(std::chrono::minutes(2));
    REQUIRE(at.spool->note_clock({offset, 3}).ok());
    CHECK(at.open().time_floor() == first + std::chrono::minutes(61));
}

// A state directory as version 1 of both schemas left it, with one batch of each lane.
void make_version_1(const SpoolFixture& at) {
    std::filesystem::create_directories(at.options.directory);
    write_database(
        at.file("state.db"),
        "CREATE TABLE lane_state(lane INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
        " next_seq_floor INTEGER NOT NULL) STRICT;"
        "CREATE TABLE boot(id INTEGER PRIMARY KEY, kernel_boot_id BLOB NOT NULL,"
        " first_wall_ms INTEGER NOT NULL) STRICT;"
        "INSERT INTO lane_state VALUES(0,99,5),(1,99,1030),(2,99,9);"
        "INSERT INTO boot VALUES(3, x'61', 1700000000000);"
        "PRAGMA application_id=0x43585331; PRAGMA user_version=1;"
    );
    write_database(
        at.file("queue.db"),
        "CREATE TABLE batch(position INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
        " seq INTEGER NOT NULL, boot INTEGER NOT NULL, stream INTEGER NOT NULL,"
        " samples INTEGER NOT NULL, events INTEGER NOT NULL, dict_size INTEGER NOT NULL,"
        " codec INTEGER NOT NULL, t0_boot_ms INTEGER NOT NULL, sealed_boot_ms INTEGER NOT NULL,"
        " sealed_wall_ms INTEGER NOT NULL, clock_quality INTEGER NOT NULL, crc INTEGER NOT NULL,"
        " body BLOB NOT NULL) STRICT;"
        "CREATE TABLE series(id INTEGER PRIMARY KEY, crc INTEGER NOT NULL,"
        " definition BLOB NOT NULL) STRICT;"
        "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), epoch INTEGER NOT NULL,"
        " boot INTEGER NOT NULL, next_number INTEGER NOT NULL) STRICT;"
        "INSERT INTO meta VALUES(1, 99, 3, 1030);"
        "PRAGMA application_id=0x43585131; PRAGMA user_version=1;"
    );
}

TEST_CASE("state: files of version 1 are taken over with what they hold", "[store]") {
    SpoolFixture rows;  // whose rows are as good as those of version 1: the columns are the same
    REQUIRE(
        rows.open()
            .append(
                {make_batch("e", Stream::event), make_batch("k"), make_batch("h", Stream::health)}
            )
            .ok()
    );
    rows.close();
    SpoolFixture at;
    make_version_1(at);
    std::string copy = "ATTACH '" + rows.file("queue.db") + "' AS source;";
    for (const char* lane : {"control", "live", "bulk"}) {
        copy += std::string("INSERT INTO batch SELECT * FROM source.batch_") + lane + ";";
    }
    write_database(at.file("queue.db"), copy);
    Spool& spool = at.open();
    CHECK(spool.report().repairs.empty());
    CHECK_FALSE(spool.report().new_epoch);
    CHECK(spool.epoch() == 99);
    CHECK(spool.boot() == 4);
    CHECK(read_all(spool, Lane::control).at(0).batch.body == "e");
    CHECK(read_all(spool, Lane::live).at(0).batch.body == "k");
    CHECK(read_all(spool, Lane::bulk).at(0).batch.body == "h");
    REQUIRE(spool.append(make_batches(1, 5)).ok());
    CHECK(read_all(spool).back().seq == 1030);
    CHECK(at.open().report().repairs.empty());
}

TEST_CASE("state: both databases go through the VFS that is named", "[store]") {
    SpoolFixture at;
    at.options.vfs = "no such vfs";
    const auto refused = at.try_open();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find("no such vfs") != std::string::npos);
    at.options.vfs = "unix-excl";  // keeps the index of the log in memory
    REQUIRE(at.open().append({make_batch("through it")}).ok());
    REQUIRE(at.spool->commit(Spool::Move::all).ok());
    CHECK(std::filesystem::exists(at.file("queue.db-wal")));
    CHECK_FALSE(std::filesystem::exists(at.file("queue.db-shm")));
    CHECK_FALSE(std::filesystem::exists(at.file("state.db-shm")));
}

}  // namespace
}  // namespace cxedge::store
