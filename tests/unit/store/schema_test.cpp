// SPDX-License-Identifier: Apache-2.0
// Files of other versions of the schema: older ones are taken over, newer ones are left alone.
#include <filesystem>
#include <utility>

#include "agent/store/history_file.hpp"
#include "agent/store/node_state.hpp"
#include "agent/store/queue_file.hpp"
#include "agent/store/sqlite_database.hpp"

#include "tests/unit/store/history_bench.hpp"
#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

void write_database(const std::string& path, const std::string& sql) {
    auto database = Database::open(path);
    REQUIRE(database.ok());
    const Status status = database->execute(sql);
    INFO((status ? std::string() : status.error().message));
    REQUIRE(status.ok());
}

std::int64_t number(const std::string& path, const std::string& sql) {
    auto database = Database::open(path);
    REQUIRE(database.ok());
    const auto value = database->query_integer(sql);
    INFO(sql);
    REQUIRE(value.ok());
    return *value;
}

// stored/queue-1.sql is the dump of a queue.db of schema version 1, and so on.
std::string dump_of(const std::string& name, std::int64_t version) {
    return std::string(CXEDGE_STORED_DATABASES) + "/" + name + "-" + std::to_string(version) +
           ".sql";
}

// A state directory as an agent of these versions left it.
void restore(const SpoolFixture& at, std::int64_t queue, std::int64_t state) {
    fs::create_directories(at.options.directory);
    write_database(at.file("queue.db"), read_file(dump_of("queue", queue)));
    write_database(at.file("state.db"), read_file(dump_of("state", state)));
}

std::vector<std::string> bodies_of(Spool& spool) {
    std::vector<std::string> bodies;
    for (const Lane lane : {Lane::control, Lane::live, Lane::bulk}) {
        for (const StoredBatch& row : read_all(spool, lane)) {
            bodies.push_back(row.batch.body);
        }
    }
    return bodies;
}

// What all stored queues hold: acknowledged were "kpi 1" and "kpi 2".
std::vector<std::string> stored_bodies() {
    std::vector<std::string> bodies{"event 1", "event 2", "event 3"};
    for (int i = 3; i <= 12; ++i) {
        bodies.push_back("kpi " + std::to_string(i));
    }
    bodies.insert(bodies.end(), {"bulk 1", "bulk 2", "bulk 3", "bulk 4"});
    return bodies;
}

TEST_CASE("schema: a file of every former version is stored for these tests", "[store]") {
    for (std::int64_t version = 1; version <= queue_format().version(); ++version) {
        INFO(dump_of("queue", version));
        CHECK(fs::exists(dump_of("queue", version)));
    }
    for (std::int64_t version = 1; version <= NodeState::format().version(); ++version) {
        INFO(dump_of("state", version));
        CHECK(fs::exists(dump_of("state", version)));
    }
    for (std::int64_t version = 1; version <= HistoryFile::format().version(); ++version) {
        INFO(dump_of("history", version));
        CHECK(fs::exists(dump_of("history", version)));
    }
}

TEST_CASE("schema: a history of every version is taken over with what it holds", "[store]") {
    const auto version = GENERATE(range(std::int64_t{1}, HistoryFile::format().version() + 1));
    INFO("history " << version);
    HistoryBench at;
    write_database(at.file("history.db"), read_file(dump_of("history", version)));
    at.open();
    at.commit();
    CHECK(at.history->take_repairs().empty());
    const auto raw = at.read("fresh");
    REQUIRE(raw.size() == 3);
    CHECK(raw[0].last == 1.1);
    CHECK(raw[2].last == 3.3);
    const auto hourly = at.read("old", std::chrono::hours(1));
    REQUIRE(hourly.size() == 2);
    CHECK(hourly[0].samples == 6);
    CHECK(hourly[0].lost == 1);
    CHECK(hourly[0].sum.value() == 0.6);  // of 0.1: doubles would make it 0.6 and a little less
    CHECK(hourly[1].samples == 4);
    const auto events = at.history->events(-kHistoryTimeLimit / 2, kHistoryTimeLimit / 2);
    REQUIRE(events.ok());
    REQUIRE(events->size() == 1);
    CHECK(events->front().bytes == "an event");
    CHECK(number(at.file("history.db"), "PRAGMA user_version") == HistoryFile::format().version());
}

TEST_CASE("schema: files of every version are taken over with what they hold", "[store]") {
    const auto queue = GENERATE(range(std::int64_t{1}, queue_format().version() + 1));
    const auto state = GENERATE(range(std::int64_t{1}, NodeState::format().version() + 1));
    INFO("queue " << queue << ", state " << state);
    SpoolFixture at;
    restore(at, queue, state);
    Spool& spool = at.open();
    CHECK(spool.report().repairs.empty());
    CHECK_FALSE(spool.report().new_epoch);
    CHECK(spool.epoch() == 99);
    CHECK(spool.boot() == 4);
    CHECK(bodies_of(spool) == stored_bodies());
    CHECK(spool.definitions().size() == 3);
    // Version 1 reserved numbers up to 1030, and it is not known which of them were given.
    REQUIRE(spool.append(make_batches(1, 5)).ok());
    CHECK(read_all(spool).back().seq == (state == 1 ? 1030 : 13));
    at.open();
    CHECK(at.spool->report().repairs.empty());
    CHECK(number(at.file("queue.db"), "PRAGMA user_version") == queue_format().version());
    CHECK(number(at.file("state.db"), "PRAGMA user_version") == NodeState::format().version());
}

TEST_CASE("schema: a full spool of the first version is taken over whole", "[store]") {
    constexpr std::size_t kRows = 3000;
    SpoolFixture source;
    REQUIRE(source.open().append(make_batches(kRows, 2000)).ok());
    source.close();
    SpoolFixture at;
    restore(at, 1, 1);
    write_database(
        at.file("queue.db"),
        "ATTACH '" + source.file("queue.db") +
            "' AS source; DELETE FROM batch;"
            "INSERT INTO batch SELECT * FROM source.batch_live;"
    );
    at.options.max_bytes = 1U << 20U;  // less than it holds
    Spool& spool = at.open();
    CHECK(spool.report().repairs.empty());
    CHECK(read_all(spool).size() == kRows);
    CHECK(spool.status(Lane::live).samples == kRows * 10);
}

TEST_CASE("schema: an upgrade that fails leaves the file as it was", "[store]") {
    SpoolFixture at;
    restore(at, 1, 1);
    write_database(at.file("queue.db"), "CREATE TABLE batch_live(position INTEGER)");
    at.open();
    CHECK(at.spool->report().new_epoch);
    CHECK(bodies_of(*at.spool) == stored_bodies());
    CHECK(number(at.file("queue.db.corrupt-1"), "PRAGMA user_version") == 1);
}

TEST_CASE("schema: a queue of a newer program is kept, its batches go on", "[store]") {
    SpoolFixture at;
    restore(at, queue_format().version(), NodeState::format().version());
    write_database(
        at.file("queue.db"),
        "PRAGMA user_version=99; ALTER TABLE batch_live ADD COLUMN shape INTEGER;"
        "CREATE TABLE more(x INTEGER) STRICT"
    );
    at.record_declarations();
    Spool& spool = at.open();
    CHECK(spool.report().new_epoch);
    REQUIRE_FALSE(spool.report().repairs.empty());
    const std::string& told = spool.report().repairs.front();
    INFO(told);
    CHECK(told.find("is of a newer cxedge (checking") != std::string::npos);
    CHECK(told.find("schema version 99, this program knows 2") != std::string::npos);
    CHECK(told.find("salvaged 17 batches and 3 series definitions") != std::string::npos);
    CHECK(number(at.file("queue.db.newer-1"), "PRAGMA user_version") == 99);
    CHECK(number(at.file("queue.db.newer-1"), "SELECT count(*) FROM batch_live") == 10);
    CHECK(bodies_of(spool).size() >= stored_bodies().size());
    REQUIRE(spool.append(make_batches(1, 5)).ok());
    CHECK(read_all(spool).back().seq == 1);
    CHECK_FALSE(at.open().report().new_epoch);
}

TEST_CASE("schema: a newer queue that cannot be read is kept, and declared", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->append(make_batches(5, 100)).ok());
    REQUIRE(at.spool->commit(Spool::Move::all).ok());
    at.close();
    write_database(
        at.file("queue.db"), "PRAGMA user_version=99; ALTER TABLE batch_live RENAME TO lane_1"
    );
    at.record_declarations();
    at.open();
    CHECK(at.spool->report().new_epoch);
    CHECK(read_all(*at.spool).empty());
    CHECK(samples_of(at.gaps()) == 50);
    CHECK(number(at.file("queue.db.newer-1"), "SELECT count(*) FROM lane_1") == 5);
}

TEST_CASE("schema: a state of a newer program is kept, a new epoch begins", "[store]") {
    SpoolFixture at;
    restore(at, queue_format().version(), NodeState::format().version());
    write_database(at.file("state.db"), "PRAGMA user_version=99");
    Spool& spool = at.open();
    CHECK(spool.report().new_epoch);
    CHECK(spool.epoch() != 99);
    CHECK(bodies_of(spool) == stored_bodies());
    CHECK(number(at.file("state.db.newer-1"), "PRAGMA user_version") == 99);
    CHECK_FALSE(at.open().report().new_epoch);
}

}  // namespace
}  // namespace cxedge::store
