// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/power_disk.hpp"

#include "agent/store/sqlite_database.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::sim {
namespace {

namespace fs = std::filesystem;

class Disk {
public:
    Disk() { fs::create_directory(now()); }
    [[nodiscard]] fs::path now() const { return dir_.path() / std::to_string(turn_); }
    [[nodiscard]] fs::path next() const { return dir_.path() / std::to_string(turn_ + 1); }
    void advance() { ++turn_; }
    store::Database open() {
        auto database = store::Database::open((now() / "a.db").string(), power.vfs());
        REQUIRE(database.ok());
        REQUIRE(database->execute("PRAGMA journal_mode=WAL").ok());
        REQUIRE(database->execute("PRAGMA synchronous=FULL").ok());
        REQUIRE(database->execute("CREATE TABLE IF NOT EXISTS t(n INTEGER, body BLOB)").ok());
        return std::move(*database);
    }
    void cut(Dice& dice) {
        power.copy_after_power_cut(now(), next(), dice);
        advance();
    }

    PowerDisk power;

private:
    test::TempDir dir_;
    int turn_ = 0;
};

const std::string kInsert = "INSERT INTO t VALUES(1, randomblob(9000))";

TEST_CASE("power_disk: what was committed survives every power cut", "[sim]") {
    const auto seed = GENERATE(range(1, 40));
    Dice dice(static_cast<std::uint64_t>(seed));
    Disk disk;
    std::int64_t rows = 0;
    for (int cuts = 0; cuts < 5; ++cuts) {
        {
            auto database = disk.open();
            CHECK(database.query_integer("SELECT count(*) FROM t").value() == rows);
            for (std::int64_t i = dice.between(1, 8); i > 0; --i, ++rows) {
                REQUIRE(database.execute(kInsert).ok());
            }
            if (dice.one_in(2)) {
                REQUIRE(database.execute("PRAGMA wal_checkpoint").ok());
            }
            REQUIRE(database.execute("BEGIN; " + kInsert).ok());
            disk.cut(dice);
        }
        auto database = disk.open();
        CHECK(database.query_integer("SELECT count(*) FROM t").value() == rows);
        CHECK(database.query_text("PRAGMA integrity_check").value() == "ok");
    }
}

TEST_CASE("power_disk: a cut in the middle of a commit keeps all of it or nothing", "[sim]") {
    Dice dice(7);
    int kept = 0;
    int lost = 0;
    for (std::uint64_t operation = 1; operation < 12; ++operation) {
        Disk disk;
        auto database = disk.open();
        bool cut = false;
        disk.power.at_operation(operation, [&] {
            disk.power.copy_after_power_cut(disk.now(), disk.next(), dice);
            cut = true;
        });
        REQUIRE(database.execute(kInsert).ok());
        if (!cut) {
            break;
        }
        disk.advance();
        auto after = disk.open();
        CHECK(after.query_text("PRAGMA integrity_check").value() == "ok");
        const std::int64_t rows = after.query_integer("SELECT count(*) FROM t").value();
        CHECK(rows <= 1);
        (rows == 1 ? kept : lost) += 1;
    }
    CHECK(lost > 0);
}

TEST_CASE("power_disk: without syncs pages are lost and torn", "[sim]") {
    int damaged = 0;
    for (std::uint64_t seed = 1; seed < 30; ++seed) {
        Dice dice(seed);
        Disk disk;
        {
            auto database = disk.open();
            REQUIRE(database.execute("PRAGMA synchronous=OFF").ok());
            for (int i = 0; i < 20; ++i) {
                REQUIRE(database.execute(kInsert).ok());
            }
            REQUIRE(database.execute("PRAGMA wal_checkpoint").ok());
            disk.cut(dice);
        }
        auto database = store::Database::open((disk.now() / "a.db").string(), disk.power.vfs());
        const auto rows = database ? database->query_integer("SELECT count(*) FROM t")
                                   : Result<std::int64_t>(database.error());
        damaged += rows && *rows == 20 ? 0 : 1;
    }
    CHECK(damaged > 5);
}

TEST_CASE("power_disk: a kill loses nothing, a power cut after it still can", "[sim]") {
    Disk disk;
    Dice dice(3);
    {
        auto database = disk.open();
        REQUIRE(database.execute("PRAGMA synchronous=OFF").ok());
        REQUIRE(database.execute(kInsert).ok());
        disk.power.copy_after_kill(disk.now(), disk.next());
        CHECK(disk.power.unsynced(disk.now() / "a.db-wal") > 0);
        CHECK(
            disk.power.unsynced(disk.next() / "a.db-wal") ==
            disk.power.unsynced(disk.now() / "a.db-wal")
        );
    }
    disk.advance();
    auto database = disk.open();
    CHECK(database.query_integer("SELECT count(*) FROM t").value() == 1);
}

TEST_CASE("power_disk: full, failing and healthy again", "[sim]") {
    Disk disk;
    auto database = disk.open();
    REQUIRE(database.execute(kInsert).ok());
    disk.power.set_fault(PowerDisk::Fault::full, disk.now());
    const Status full = database.execute("INSERT INTO t VALUES(2, randomblob(90000))");
    CHECK(full.error().code == ErrorCode::exhausted);
    disk.power.set_fault(PowerDisk::Fault::write_error);
    CHECK(database.execute(kInsert).error().code == ErrorCode::unavailable);
    disk.power.set_fault(PowerDisk::Fault::sync_error);
    CHECK(database.execute(kInsert).error().code == ErrorCode::unavailable);
    disk.power.set_fault(PowerDisk::Fault::none);
    CHECK(database.execute(kInsert).ok());
    CHECK(database.query_integer("SELECT count(*) FROM t").value() == 2);
}

}  // namespace
}  // namespace cxedge::sim
