// SPDX-License-Identifier: Apache-2.0
#include "agent/store/spool.hpp"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
using Numbers = std::vector<std::uint64_t>;

TEST_CASE("spool: gives back what was stored, in order, in every field", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    NewBatch batch = make_batch(std::string("\0\xFFzstd", 6));
    batch.samples = 4'000'000'000;
    batch.events = 2;
    batch.dict_size = 17;
    batch.t0_boot_ms = -5;
    batch.sealed_wall_ms = -1;
    REQUIRE(spool.append({batch, make_batch("")}).ok());
    const auto stored = read_all(spool);
    REQUIRE(stored.size() == 2);
    CHECK(stored[0].epoch == spool.epoch());
    CHECK(stored[0].boot == spool.boot());
    CHECK(stored[0].seq == 1);
    CHECK(stored[1].seq == 2);
    CHECK(stored[1].position > stored[0].position);
    CHECK(stored[0].batch.stream == batch.stream);
    CHECK(stored[0].batch.samples == batch.samples);
    CHECK(stored[0].batch.events == batch.events);
    CHECK(stored[0].batch.dict_size == batch.dict_size);
    CHECK(stored[0].batch.codec == batch.codec);
    CHECK(stored[0].batch.t0_boot_ms == batch.t0_boot_ms);
    CHECK(stored[0].batch.sealed_boot_ms == batch.sealed_boot_ms);
    CHECK(stored[0].batch.sealed_wall_ms == batch.sealed_wall_ms);
    CHECK(stored[0].batch.clock_quality == batch.clock_quality);
    CHECK(stored[0].batch.body == batch.body);
    CHECK(stored[1].batch.body.empty());
}

TEST_CASE("spool: times after 2038 come back, from the ring and from disk", "[store]") {
    constexpr std::int64_t kIn2040 = 2'208'988'800'123;
    constexpr std::int64_t kUpFor80Years = 2'524'608'000'000;
    SpoolFixture at;
    NewBatch batch = make_batch("late");
    batch.sealed_wall_ms = kIn2040;
    batch.t0_boot_ms = kUpFor80Years;
    batch.sealed_boot_ms = kUpFor80Years + 1;
    Spool& spool = at.open();
    REQUIRE(spool.append({batch}).ok());
    const auto check = [&](const std::vector<store::StoredBatch>& stored) {
        REQUIRE(stored.size() == 1);
        CHECK(stored[0].batch.sealed_wall_ms == kIn2040);
        CHECK(stored[0].batch.t0_boot_ms == kUpFor80Years);
        CHECK(stored[0].batch.sealed_boot_ms == kUpFor80Years + 1);
    };
    check(read_all(spool));
    REQUIRE(spool.commit(Spool::Move::all).ok());
    check(read_all(at.open()));
}

TEST_CASE("spool: a first start is a new epoch without repairs", "[store]") {
    SpoolFixture at;
    const Spool& spool = at.open();
    CHECK(spool.report().new_epoch);
    CHECK(spool.report().repairs.empty());
    CHECK(spool.epoch() != 0);
    CHECK(spool.boot() == 1);
    struct stat info {};
    REQUIRE(::stat(at.options.directory.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0700U);
}

TEST_CASE("spool: lanes number and read apart", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    REQUIRE(spool
                .append(
                    {make_batch("k1", Stream::kpi),
                     make_batch("e1", Stream::event),
                     make_batch("h1", Stream::health),
                     make_batch("k2", Stream::kpi),
                     make_batch("b1", Stream::bulk)}
                )
                .ok());
    CHECK(seqs_of(read_all(spool, Lane::control)) == Numbers{1});
    CHECK(seqs_of(read_all(spool, Lane::live)) == Numbers{1, 2});
    const auto bulk = read_all(spool, Lane::bulk);
    CHECK(seqs_of(bulk) == Numbers{1, 2});
    CHECK(bulk[0].batch.body == "h1");
    CHECK(bulk[1].batch.stream == Stream::bulk);
}

TEST_CASE("spool: acknowledged batches are gone, others stay", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    REQUIRE(spool.append(make_batches(5, 100)).ok());
    const auto held = read_all(spool);
    REQUIRE(spool.acknowledge({held[1].position, held[3].position, 987654}).ok());
    CHECK(seqs_of(read_all(spool)) == Numbers{1, 3, 5});
    CHECK(spool.acknowledge({held[1].position}).ok());
    CHECK(at.open().status(Lane::live).batches == 3);
}

TEST_CASE("spool: status follows appends and acknowledgements", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    CHECK(spool.status(Lane::live).first_unacked == 1);
    CHECK(spool.status(Lane::live).oldest_wall_ms == 0);
    auto batches = make_batches(3, 100);
    batches[0].sealed_wall_ms = 111;
    batches[2].sealed_wall_ms = 333;
    REQUIRE(spool.append(batches).ok());
    const auto held = read_all(spool);
    LaneStatus status = spool.status(Lane::live);
    CHECK(status.batches == 3);
    CHECK(status.samples == 30);
    CHECK(status.bytes == 300);
    CHECK(status.first_unacked == 1);
    CHECK(status.next_seq == 4);
    CHECK(status.oldest_wall_ms == 111);
    REQUIRE(spool.acknowledge({held[1].position, held[0].position}).ok());
    status = spool.status(Lane::live);
    CHECK(status.batches == 1);
    CHECK(status.first_unacked == 3);
    CHECK(status.oldest_wall_ms == 333);
    REQUIRE(spool.acknowledge({held[2].position}).ok());
    status = spool.status(Lane::live);
    CHECK(status.batches == 0);
    CHECK(status.bytes == 0);
    CHECK(status.first_unacked == 4);
    CHECK(spool.status(Lane::bulk).next_seq == 1);
}

TEST_CASE("spool: status and cursor survive a restart", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->append(make_batches(4, 6000)).ok());
    const auto before = read_all(*at.spool);
    REQUIRE(at.spool->acknowledge({before[0].position}).ok());
    const std::uint64_t epoch = at.spool->epoch();
    const Spool& again = at.open();
    CHECK_FALSE(again.report().new_epoch);
    CHECK(again.report().repairs.empty());
    CHECK(again.epoch() == epoch);
    CHECK(again.status(Lane::live).batches == 3);
    CHECK(again.status(Lane::live).bytes == 18000);
    CHECK(again.status(Lane::live).first_unacked == 2);
    const auto rest = at.spool->read(Lane::live, before[1].position, 10);
    REQUIRE(rest.ok());
    CHECK(seqs_of(*rest) == Numbers{3, 4});
    CHECK(rest->front().first_unacked == 2);
}

TEST_CASE("spool: a clean restart skips no number and reuses none", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->append(make_batches(3, 10)).ok());
    at.open();
    REQUIRE(at.spool->append(make_batches(2, 10)).ok());
    CHECK(seqs_of(read_all(*at.spool)) == Numbers{1, 2, 3, 4, 5});
}

TEST_CASE("spool: drained and restarted, numbers and positions go on", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->append(make_batches(3, 10)).ok());
    const auto first = read_all(*at.spool);
    REQUIRE(at.spool->acknowledge(positions_of(first)).ok());
    at.open();
    REQUIRE(at.spool->append(make_batches(1, 10)).ok());
    const auto second = read_all(*at.spool);
    REQUIRE(second.size() == 1);
    CHECK(second[0].seq == 4);
    CHECK(second[0].position > first[2].position);
}

TEST_CASE("spool: numbers go on over several reservations", "[store]") {
    SpoolFixture at;
    at.open();
    for (int round = 0; round < 5; ++round) {
        REQUIRE(at.spool->append(make_batches(500, 8)).ok());
    }
    const auto all = read_all(*at.spool);
    REQUIRE(all.size() == 2500);
    for (std::size_t i = 0; i < all.size(); ++i) {
        REQUIRE(all[i].seq == i + 1);
    }
}

// Stores pairs of batches until the spool refuses; returns how many it took.
std::size_t fill_up(Spool& spool, Status& refusal) {
    std::size_t stored = 0;
    for (;;) {
        refusal = spool.append(make_batches(2, 3000));
        if (!refusal) {
            return stored;
        }
        stored += 2;
        REQUIRE(stored < 1000);
    }
}

TEST_CASE("spool: refuses batches once full, deletes, and takes batches again", "[store]") {
    SpoolFixture at;
    at.options.max_bytes = 256 * 1024;
    at.options.ring_bytes = 32 * 1024;
    Spool& spool = at.open();
    Status refusal;
    const std::size_t stored = fill_up(spool, refusal);
    CHECK(refusal.error().code == ErrorCode::exhausted);
    CHECK(spool.storage().mode == StorageMode::full);
    CHECK_FALSE(spool.storage().problem.empty());
    CHECK(spool.storage().used_bytes <= at.options.max_bytes);
    CHECK(spool.storage().used_bytes > at.options.max_bytes / 2);
    const auto held = read_all(spool);
    CHECK(held.size() == stored);  // the refused ones left nothing behind
    CHECK(spool.status(Lane::live).batches == stored);
    CHECK(spool.status(Lane::live).next_seq == stored + 1);
    CHECK(spool.append({make_batch("an event still has room", Stream::event)}).ok());
    const std::uint64_t full = spool.storage().used_bytes;
    REQUIRE(spool.acknowledge(positions_of(held)).ok());
    CHECK(spool.storage().used_bytes < full / 4);
    REQUIRE(spool.append(make_batches(2, 3000)).ok());
    REQUIRE(spool.commit(Spool::Move::all).ok());
    CHECK(spool.storage().mode == StorageMode::normal);
    CHECK(seqs_of(read_all(spool)) == Numbers{stored + 1, stored + 2});
}

TEST_CASE("spool: one refused batch takes its whole append along", "[store]") {
    SpoolFixture at;
    at.options.max_bytes = 256 * 1024;
    Spool& spool = at.open();
    const Status status =
        spool.append({make_batch("small"), make_batch(std::string(1 << 20, 'x'))});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::exhausted);
    CHECK(read_all(spool).empty());
    REQUIRE(spool.append({make_batch("small")}).ok());
    CHECK(seqs_of(read_all(spool)) == Numbers{1});
}

TEST_CASE("spool: a batch larger than the ring goes straight to queue.db", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    REQUIRE(spool.append({make_batch("first"), make_batch("event", Stream::event)}).ok());
    REQUIRE(spool.append({make_batch(std::string(600'000, 'x'))}).ok());
    REQUIRE(spool.append({make_batch("last")}).ok());
    CHECK(seqs_of(read_all(spool)) == Numbers{1, 2, 3});
    CHECK(read_all(spool)[1].batch.body.size() == 600'000);
    CHECK(seqs_of(read_all(at.open())) == Numbers{1, 2, 3});
}

TEST_CASE("spool: a smaller quota than what is stored refuses until it is drained", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->append(make_batches(100, 4000)).ok());
    at.options.max_bytes = 128 * 1024;
    at.open();
    REQUIRE(at.spool->append(make_batches(1, 10)).ok());  // the ring has room
    const Status refused = at.spool->commit(Spool::Move::all);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::exhausted);
    REQUIRE(at.spool->acknowledge(positions_of(read_all(*at.spool))).ok());
    CHECK(at.spool->append(make_batches(1, 10)).ok());
    CHECK(at.spool->commit(Spool::Move::all).ok());
}

TEST_CASE("spool: definitions are kept in order and only appended", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->add_definition(0, "zero").ok());
    REQUIRE(at.spool->add_definition(1, std::string("o\0ne", 4)).ok());
    CHECK_FALSE(at.spool->add_definition(1, "again").ok());
    CHECK_FALSE(at.spool->add_definition(3, "a hole").ok());
    const std::vector<std::string> expected{"zero", std::string("o\0ne", 4)};
    CHECK(at.spool->definitions() == expected);
    CHECK(at.spool->committed_definitions() == expected);
    at.open();
    CHECK(at.spool->definitions() == expected);
    CHECK(at.spool->committed_definitions() == expected);
    CHECK(at.spool->add_definition(2, "two").ok());
}

TEST_CASE("spool: a batch comes out only with the definitions it needs", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    const std::uint64_t commits = spool.storage().commits;
    REQUIRE(spool.add_definition(0, "zero").ok());
    REQUIRE(spool.append({make_batch("needs none")}).ok());
    CHECK(spool.storage().commits == commits);
    auto batch = make_batch("needs zero");
    batch.dict_size = 1;
    REQUIRE(spool.append({batch}).ok());
    CHECK(spool.storage().commits == commits + 1);
    CHECK(read_all(spool).size() == 2);
}

TEST_CASE("spool: tells its listener about appends only", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    int calls = 0;
    std::uint64_t seen = 0;
    spool.on_append([&] {
        ++calls;
        seen = spool.status(Lane::live).batches;  // may call back into the spool
    });
    REQUIRE(spool.append(make_batches(2, 10)).ok());
    CHECK(calls == 1);
    CHECK(seen == 2);
    REQUIRE(spool.append({}).ok());
    REQUIRE(spool.acknowledge(positions_of(read_all(spool))).ok());
    CHECK(calls == 1);
}

TEST_CASE("spool: counts boots, not starts", "[store]") {
    SpoolFixture at;
    CHECK(at.open().boot() == 1);
    CHECK(at.open().boot() == 1);
    at.set_boot("66666666-2222-3333-4444-555555555555");
    CHECK(at.open().boot() == 2);
    CHECK(at.open().boot() == 2);
    REQUIRE(std::filesystem::remove(at.options.boot_id_file));
    CHECK(at.open().boot() == 3);
    CHECK(at.open().report().repairs.size() == 1);
    CHECK(at.spool->boot() == 4);
}

TEST_CASE("spool: batches keep the boot they were sealed in", "[store]") {
    SpoolFixture at;
    at.open();
    REQUIRE(at.spool->append(make_batches(1, 10)).ok());
    at.set_boot("66666666-2222-3333-4444-555555555555");
    at.open();
    REQUIRE(at.spool->append(make_batches(1, 10)).ok());
    const auto all = read_all(*at.spool);
    CHECK(all.at(0).boot == 1);
    CHECK(all.at(1).boot == 2);
}

TEST_CASE("spool: a directory that cannot be used is a clear error", "[store]") {
    SpoolFixture at;
    write_file(at.directory.file("plain"), "I am a file");
    at.options.directory = at.directory.file("plain") + "/state";
    const auto opened = at.try_open();
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == ErrorCode::unavailable);
    CHECK(opened.error().message.find(at.options.directory) != std::string::npos);
    CHECK(opened.error().message.find("Not a directory") != std::string::npos);
    CHECK(opened.error().message.find("--state-dir") != std::string::npos);
}

TEST_CASE("spool: a second user of the directory is refused by name", "[store]") {
    SpoolFixture at;
    at.open();
    const auto second = at.try_open();
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().code == ErrorCode::invalid_argument);
    const std::string who =
        "already used by another cxedged (pid " + std::to_string(::getpid()) + ")";
    CHECK(second.error().message.find(who) != std::string::npos);
    at.close();
    CHECK(at.try_open().ok());
}

TEST_CASE("spool: children do not inherit its files", "[store]") {
    SpoolFixture at;
    at.open();
    int ours = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (!gone && target.find(at.options.directory + "/") == 0) {
            ++ours;
            CHECK((::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC) != 0);
        }
    }
    CHECK(ours >= 3);
}

}  // namespace
}  // namespace cxedge::store
