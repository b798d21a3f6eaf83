// SPDX-License-Identifier: Apache-2.0
// What outlives a lost queue: clocks of boots and facts.
#include <filesystem>

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)
using std::chrono::hours;
using std::chrono::milliseconds;

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
