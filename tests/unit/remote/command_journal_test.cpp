// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/command_journal.hpp"

#include <filesystem>
#include <fstream>

#include "agent/base/byte_codec.hpp"
#include "agent/base/ids.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::remote {

using test::ManualClock;

namespace {

CommandRecord over(int number, WallTime at) {
    CommandRecord record;
    record.id = "id-" + std::to_string(1000 + number);
    record.state = CommandState::succeeded;
    record.at = at;
    record.told = true;
    record.key_id = "a1b2";
    record.expires = at + std::chrono::minutes(5);
    return record;
}

}  // namespace

TEST_CASE("command_journal: a box that runs for weeks goes on taking commands", "[remote]") {
    const test::TempDir dir;
    const ManualClock clock;
    auto journal = CommandJournal::open(dir.file("j"), clock.wall_now(), 4);
    REQUIRE(journal);
    for (int day = 0; day < 40; ++day) {
        INFO("day " << day);
        CHECK(journal->write(over(day, clock.wall_now() + std::chrono::hours(48 * day))));
    }
    CHECK(journal->records().size() == 4);
}

TEST_CASE("command_journal: full, the oldest that its ttl refuses make room", "[remote]") {
    const test::TempDir dir;
    const ManualClock clock;
    const WallTime now = clock.wall_now();
    auto journal = CommandJournal::open(dir.file("j"), now, 4);
    REQUIRE(journal);
    for (int i = 0; i < 4; ++i) {
        CommandRecord record = over(i, now + std::chrono::seconds(i));
        record.told = i != 0;  // the first must be told yet
        REQUIRE(journal->write(record));
    }
    const Status early = journal->write(over(4, now + std::chrono::minutes(4)));
    REQUIRE_FALSE(early);  // a replay of any would be run
    CHECK(early.error().code == ErrorCode::exhausted);
    REQUIRE(journal->write(over(4, now + std::chrono::minutes(6))));
    CHECK(journal->find("id-1000") != nullptr);
    CHECK(journal->find("id-1001") == nullptr);
    CHECK(journal->find("id-1002") != nullptr);
    CHECK(journal->records().size() == 4);
}

TEST_CASE("command_journal: one that cannot be rewritten is appended to", "[remote]") {
    const test::TempDir dir;
    const ManualClock clock;
    const std::string path = dir.file("j");
    auto journal = CommandJournal::open(path, clock.wall_now());
    REQUIRE(journal);
    // replace_file() writes beside, and cannot remove a directory that is there.
    REQUIRE(std::filesystem::create_directories(path + ".new/in the way"));
    CommandRecord large = over(0, clock.wall_now());
    large.detail = std::string(5U << 20U, 'x');
    CHECK(journal->write(large));  // beyond what is rewritten
    CHECK(journal->write(over(1, clock.wall_now())));
    std::filesystem::remove_all(path + ".new");
    const auto next = CommandJournal::open(path, clock.wall_now());
    REQUIRE(next);
    CHECK(next->records().size() == 2);
    REQUIRE(next->find("id-1001") != nullptr);
    CHECK(*next->find("id-1001") == over(1, clock.wall_now()));
}

TEST_CASE("command_journal: records of a version without keys are read", "[remote]") {
    const test::TempDir dir;
    const ManualClock clock;
    std::string content;
    ByteWriter writer(content);
    for (const char* text : {"id-1", ""}) {
        writer.text(text);
    }
    writer.number(static_cast<std::uint64_t>(CommandState::succeeded));
    writer.signed_number(unix_ms(clock.wall_now()));
    writer.text("ping");
    writer.text("pong");
    writer.number(1);
    std::string bytes;
    for (const std::uint32_t number :
         {static_cast<std::uint32_t>(content.size()), crc32c(content)}) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            bytes.push_back(static_cast<char>((number >> shift) & 0xffU));
        }
    }
    std::ofstream(dir.file("j"), std::ios::binary) << bytes << content;
    const auto journal = CommandJournal::open(dir.file("j"), clock.wall_now());
    REQUIRE(journal);
    const CommandRecord* old = journal->find("id-1");
    REQUIRE(old != nullptr);
    CHECK(old->op == "ping");
    CHECK(old->key_id.empty());
    CHECK(old->expires == clock.wall_now() + CommandJournal::kRemembered);
}

}  // namespace cxedge::remote
