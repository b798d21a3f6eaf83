// SPDX-License-Identifier: Apache-2.0
// Damaged, missing and foreign files: the spool opens, keeps what is proven good and says what it
// did.
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "agent/store/sqlite_database.hpp"

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

constexpr std::size_t kBatches = 60;

std::string body_of(std::uint64_t seq) {
    const auto padding = static_cast<std::size_t>(2000 + seq * 37 % 4000);
    return "batch " + std::to_string(seq) + std::string(padding, 'b');
}

// A spool with history: two definitions and seq 1 to kBatches, cleanly closed (all in queue.db).
std::uint64_t fill(SpoolFixture& at) {
    Spool& spool = at.open();
    REQUIRE(spool.add_definition(0, "zero").ok());
    REQUIRE(spool.add_definition(1, "one").ok());
    std::vector<NewBatch> batches;
    for (std::uint64_t seq = 1; seq <= kBatches; ++seq) {
        batches.push_back(make_batch(body_of(seq)));
        batches.back().dict_size = 2;
    }
    REQUIRE(spool.append(batches).ok());
    const std::uint64_t epoch = spool.epoch();
    at.close();
    return epoch;
}

void execute(const std::string& path, const std::string& sql) {
    auto database = Database::open(path);
    REQUIRE(database.ok());
    const Status status = database->execute(sql);
    INFO((status ? std::string() : status.error().message));
    REQUIRE(status.ok());
}

// Whatever happened to the files: the spool works, nothing it gives out is wrong, and numbers of an
// epoch that goes on are not given again.
std::size_t check_sound(SpoolFixture& at, std::uint64_t old_epoch) {
    Spool& spool = at.open();
    const auto kept = read_all(spool);
    for (const auto& batch : kept) {
        CHECK(batch.epoch == old_epoch);
        CHECK(batch.batch.body == body_of(batch.seq));
    }
    CHECK(spool.report().new_epoch == (spool.epoch() != old_epoch));
    REQUIRE(spool.append({make_batch("after")}).ok());
    const auto all = read_all(spool);
    REQUIRE(all.size() == kept.size() + 1);
    CHECK(all.back().batch.body == "after");
    if (spool.epoch() == old_epoch) {
        CHECK(all.back().seq > kBatches);
    }
    CHECK(spool.definitions() == spool.committed_definitions());
    REQUIRE(spool.acknowledge(positions_of(all)).ok());
    CHECK(read_all(spool).empty());
    CHECK(at.open().report().repairs.empty());
    return kept.size();
}

TEST_CASE("spool damage: queue.db cut at any length", "[store]") {
    const std::size_t size = [] {
        SpoolFixture at;
        fill(at);
        return static_cast<std::size_t>(fs::file_size(at.file("queue.db")));
    }();
    const std::size_t cut = GENERATE_COPY(
        std::size_t{0},
        std::size_t{1},
        std::size_t{99},
        std::size_t{100},
        std::size_t{511},
        std::size_t{4096},
        std::size_t{4097},
        size / 4,
        size / 2,
        size / 4096 / 2 * 4096,
        size - 4096
    );
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    fs::resize_file(at.file("queue.db"), cut);
    INFO("cut to " << cut << " of " << size);
    at.open();
    CHECK(at.spool->epoch() != epoch);
    CHECK_FALSE(at.spool->report().repairs.empty());
    // Less than a header is no file to keep.
    CHECK(fs::exists(at.file("queue.db.corrupt-1")) == (cut > 1));
}

TEST_CASE("spool damage: one missing byte costs one batch at most", "[store]") {
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    fs::resize_file(at.file("queue.db"), fs::file_size(at.file("queue.db")) - 1);
    CHECK(check_sound(at, epoch) >= kBatches - 1);
}

TEST_CASE("spool damage: a cut queue.db gives up what lies before the cut", "[store]") {
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    fs::resize_file(at.file("queue.db"), fs::file_size(at.file("queue.db")) / 16 * 15);
    CHECK(check_sound(at, epoch) > kBatches / 4);
}

TEST_CASE("spool damage: flipped bits anywhere in queue.db", "[store]") {
    const unsigned seed = GENERATE(range(0U, 40U));
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    std::mt19937 random(seed);
    std::string bytes = read_file(at.file("queue.db"));
    for (int flips = 0; flips < 4; ++flips) {
        const std::size_t where = random() % bytes.size();
        const auto mask = static_cast<unsigned char>(1U << random() % 8);
        bytes[where] = static_cast<char>(static_cast<unsigned char>(bytes[where]) ^ mask);
    }
    write_file(at.file("queue.db"), bytes);
    INFO("seed " << seed);
    check_sound(at, epoch);
}

TEST_CASE("spool damage: a batch with a wrong check sum is left out and reported once", "[store]") {
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    execute(at.file("queue.db"), "UPDATE batch_live SET body = x'00' WHERE seq = 7");
    execute(at.file("queue.db"), "UPDATE batch_live SET dict_size = 1 WHERE seq = 9");
    at.record_declarations();
    Spool& spool = at.open();
    CHECK(spool.report().repairs.empty());
    CHECK(read_all(spool).size() == kBatches - 2);
    const std::vector<Gap> expected{
        {Lane::live, epoch, 7, 7, 10, 0, GapCause::corrupt},
        {Lane::live, epoch, 9, 9, 10, 0, GapCause::corrupt}};
    CHECK(at.gaps() == expected);
    CHECK(read_all(spool, Lane::control).size() == at.declared.size());
    CHECK(spool.status(Lane::live).batches == kBatches - 2);
    CHECK(at.open().status(Lane::live).batches == kBatches - 2);
}

TEST_CASE("spool damage: a page of garbage costs only what was on it", "[store]") {
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    std::string bytes = read_file(at.file("queue.db"));
    bytes.replace(bytes.size() / 4096 / 2 * 4096, 4096, 4096, '\x5A');
    write_file(at.file("queue.db"), bytes);
    at.record_declarations();
    at.open();
    const auto losses = at.gaps();
    const std::size_t left = read_all(*at.spool).size();
    CHECK(at.spool->report().new_epoch);
    CHECK(left >= kBatches - 8);
    CHECK(left + losses.size() >= kBatches - 8);
    CHECK(left < kBatches);
    for (const auto& batch : read_all(*at.spool)) {
        CHECK(batch.epoch == epoch);
        CHECK(batch.batch.body == body_of(batch.seq));
    }
    // Numbers of the wire have 64 bits, SQLite's 63.
    const std::uint64_t large = std::uint64_t{1} << 63U;
    CHECK(at.spool->position_of_seq(Lane::live, epoch, 1)->has_value());
    CHECK_FALSE(at.spool->position_of_seq(Lane::live, epoch, large)->has_value());
}

TEST_CASE("spool damage: garbage instead of a database", "[store]") {
    const std::string name = GENERATE("queue.db", "state.db");
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    write_file(at.file(name), "this was never a database\n" + std::string(20000, '\x5A'));
    at.open();
    CHECK(at.spool->epoch() != epoch);
    REQUIRE_FALSE(at.spool->report().repairs.empty());
    CHECK(at.spool->report().repairs[0].find(name + " was damaged") == 0);
    CHECK(at.spool->report().repairs[0].find(name + ".corrupt-1") != std::string::npos);
    CHECK(read_all(*at.spool).size() == (name == "queue.db" ? 0 : kBatches));
    CHECK(at.spool->append(make_batches(1, 10)).ok());
}

TEST_CASE("spool damage: deleted files begin a new epoch and keep the rest", "[store]") {
    const auto deleted = GENERATE(
        std::vector<std::string>{"queue.db"},
        std::vector<std::string>{"state.db"},
        std::vector<std::string>{"queue.db", "state.db"}
    );
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    for (const std::string& name : deleted) {
        REQUIRE(fs::remove(at.file(name)));
    }
    at.open();
    CHECK(at.spool->report().new_epoch);
    CHECK(at.spool->epoch() != epoch);
    CHECK(at.spool->report().repairs.size() == (deleted.size() == 1 ? 1 : 0));
    CHECK(at.spool->status(Lane::live).next_seq == 1);
    const std::size_t left = read_all(*at.spool).size();
    CHECK(left == (deleted.front() == "state.db" ? kBatches : 0));
}

TEST_CASE("spool damage: older epochs are read first and acknowledged apart", "[store]") {
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    REQUIRE(fs::remove(at.file("state.db")));
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(3, 10)).ok());
    auto all = read_all(spool);
    REQUIRE(all.size() == kBatches + 3);
    CHECK(all[kBatches - 1].epoch == epoch);
    CHECK(all[kBatches - 1].first_unacked == 1);
    CHECK(all[kBatches].epoch == spool.epoch());
    CHECK(all[kBatches].seq == 1);
    CHECK(all[kBatches].first_unacked == 1);
    // The same seq lives in both epochs; only the one that was meant goes.
    REQUIRE(spool.acknowledge({all[0].position, all[1].position, all[kBatches].position}).ok());
    all = read_all(spool);
    REQUIRE(all.size() == kBatches);
    CHECK(all[0].seq == 3);
    CHECK(all[0].first_unacked == 3);
    CHECK(all.back().first_unacked == 2);
    CHECK(spool.status(Lane::live).first_unacked == 2);
    at.open();
    CHECK(read_all(*at.spool).back().first_unacked == 2);
}

TEST_CASE("spool damage: boots are not counted from 1 again when state.db is lost", "[store]") {
    SpoolFixture at;
    fill(at);
    at.set_boot("66666666-2222-3333-4444-555555555555");
    REQUIRE(at.open().boot() == 2);
    at.close();
    REQUIRE(fs::remove(at.file("state.db")));
    CHECK(at.open().boot() == 3);
}

TEST_CASE(
    "spool damage: an older copy of state.db does not lead to numbers given twice", "[store]"
) {
    SpoolFixture at;
    at.open();
    at.close();
    const std::string old = read_file(at.file("state.db"));
    const std::uint64_t epoch = fill(at);
    write_file(at.file("state.db"), old);
    at.open();
    CHECK(at.spool->epoch() != epoch);
    CHECK(read_all(*at.spool).size() == kBatches);
}

TEST_CASE("spool damage: the queue of another spool begins a new epoch", "[store]") {
    SpoolFixture at;
    SpoolFixture other;
    const std::uint64_t epoch = fill(at);
    const std::uint64_t other_epoch = fill(other);
    fs::copy_file(
        other.file("queue.db"), at.file("queue.db"), fs::copy_options::overwrite_existing
    );
    at.open();
    CHECK(at.spool->epoch() != epoch);
    CHECK(at.spool->epoch() != other_epoch);
    CHECK(read_all(*at.spool).size() == kBatches);
}

TEST_CASE("spool damage: files of other programs and other content are put aside", "[store]") {
    const auto change = GENERATE(
        std::string("PRAGMA application_id=7"),
        std::string("PRAGMA user_version=0"),
        std::string("DROP TABLE meta"),
        std::string("DELETE FROM meta"),
        std::string("ALTER TABLE batch_live RENAME TO stapel"),
        std::string("UPDATE series SET definition = x'00' WHERE id = 1")
    );
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    execute(at.file("queue.db"), change);
    at.open();
    INFO(change);
    CHECK(at.spool->report().new_epoch);
    CHECK(at.spool->epoch() != epoch);
    CHECK(fs::exists(at.file("queue.db.corrupt-1")));
    CHECK(at.spool->append(make_batches(1, 10)).ok());
}

TEST_CASE("spool damage: directories in place of files are put aside", "[store]") {
    const std::string name = GENERATE("queue.db", "state.db");
    SpoolFixture at;
    fill(at);
    REQUIRE(fs::remove(at.file(name)));
    REQUIRE(fs::create_directory(at.file(name)));
    at.open();
    CHECK(at.spool->report().new_epoch);
    CHECK(fs::is_directory(at.file(name + ".corrupt-1")));
    CHECK(at.spool->append(make_batches(1, 10)).ok());
}

TEST_CASE("spool damage: only the latest damaged files are kept", "[store]") {
    SpoolFixture at;
    for (int round = 1; round <= 5; ++round) {
        at.open();
        at.close();
        write_file(at.file("queue.db"), "garbage");
    }
    at.open();
    CHECK_FALSE(fs::exists(at.file("queue.db.corrupt-2")));
    CHECK(fs::exists(at.file("queue.db.corrupt-3")));
    CHECK(fs::exists(at.file("queue.db.corrupt-5")));
}

constexpr std::size_t kMore = 200;

TEST_CASE("spool damage: damage met in use is repaired in place and declared", "[store]") {
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    REQUIRE(at.open().append(make_batches(kMore, 3000)).ok());  // more than SQLite keeps in memory
    at.record_declarations();
    Spool& spool = at.open();
    REQUIRE(spool.append({make_batch("still in the ring")}).ok());
    std::string bytes = read_file(at.file("queue.db"));
    bytes.replace(4096, bytes.size() - 4096, bytes.size() - 4096, '\x5A');
    write_file(at.file("queue.db"), bytes);
    const auto left = read_all(spool);
    at.clock.advance(std::chrono::seconds(1));
    REQUIRE(spool.commit(Spool::Move::due).ok());
    CHECK(spool.epoch() == epoch);
    CHECK(fs::exists(at.file("queue.db.corrupt-1")));
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().batch.body == "still in the ring");
    CHECK(at.gaps().size() > 0);
    CHECK(samples_of(at.gaps()) + spool.status(Lane::live).samples == 10 * (kBatches + kMore + 1));
    CHECK(spool.committed_definitions().size() == 2);
    REQUIRE(spool.append(make_batches(1, 10)).ok());
    CHECK(read_all(spool).back().seq == kBatches + kMore + 2);
    CHECK(at.open().report().repairs.empty());
    CHECK_FALSE(at.spool->report().new_epoch);
}

TEST_CASE("spool damage: files deleted under the running spool come back whole", "[store]") {
    const bool replaced = GENERATE(false, true);
    SpoolFixture at;
    const std::uint64_t epoch = fill(at);
    at.record_declarations();
    Spool& spool = at.open();
    REQUIRE(spool.remember("platform_ack", "1").ok());
    for (const char* name : {"queue.db", "state.db"}) {
        REQUIRE(fs::remove(at.file(name)));
        if (replaced) {
            write_file(at.file(name), std::string(5000, 'x'));
        }
    }
    REQUIRE(spool.append({make_batch("meanwhile")}).ok());
    at.clock.advance(std::chrono::seconds(6));
    REQUIRE(spool.commit(Spool::Move::due).ok());
    CHECK(read_all(spool).size() == kBatches + 1);
    CHECK(spool.storage().mode == StorageMode::normal);
    at.open();
    CHECK(at.spool->epoch() == epoch);
    CHECK(read_all(*at.spool).size() == kBatches + 1);
    CHECK(at.spool->recall("platform_ack") == "1");
    CHECK(at.gaps().empty());
}

}  // namespace
}  // namespace cxedge::store
