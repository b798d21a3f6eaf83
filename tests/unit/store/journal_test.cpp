// SPDX-License-Identifier: Apache-2.0
#include "agent/store/journal.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::store {
namespace {

class Bench {
public:
    explicit Bench(std::string context = "1") : context_(std::move(context)) {}
    std::unique_ptr<Journal> open() { return open_as(context_); }
    std::unique_ptr<Journal> open_as(const std::string& context) {
        return Journal::open({dir_.file("journal"), 64U << 10U, context});
    }
    [[nodiscard]] std::string file(const std::string& name) const { return dir_.file(name); }

private:
    test::TempDir dir_;
    std::string context_;
};

std::vector<std::string> records_of(Journal& journal) {
    std::vector<std::string> records;
    journal.replay([&](std::uint64_t number, std::string_view record) {
        records.push_back(std::to_string(number) + ":" + std::string(record));
    });
    return records;
}

TEST_CASE("journal: the next process finds the records of the one before", "[store]") {
    Bench at;
    {
        auto journal = at.open();
        CHECK(journal->problem().empty());
        CHECK(journal->last() == 0);
        CHECK(journal->append("one"));
        CHECK(journal->append("two"));
    }
    auto journal = at.open();
    CHECK(journal->problem().empty());
    CHECK(records_of(*journal) == std::vector<std::string>{"1:one", "2:two"});
    CHECK(journal->append("three"));
    CHECK(journal->last() == 3);
}

TEST_CASE("journal: a checkpoint stands for the records before it", "[store]") {
    Bench at;
    {
        auto journal = at.open();
        CHECK(journal->append("one"));
        REQUIRE(journal->checkpoint("state").ok());
        CHECK(records_of(*journal).empty());
        CHECK(journal->append("two"));
    }
    auto journal = at.open();
    CHECK(journal->snapshot() == "state");
    CHECK(records_of(*journal) == std::vector<std::string>{"2:two"});
}

TEST_CASE("journal: a large snapshot makes room for itself and for records", "[store]") {
    Bench at;
    const std::string state(300'000, 's');
    {
        auto journal = at.open();
        REQUIRE(journal->checkpoint(state).ok());
        CHECK(journal->append(std::string(60'000, 'r')));
    }
    auto journal = at.open();
    CHECK(journal->snapshot() == state);
    CHECK(records_of(*journal).size() == 1);
}

TEST_CASE("journal: a full file refuses until a checkpoint makes room", "[store]") {
    Bench at;
    auto journal = at.open();
    const std::string record(1000, 'x');
    while (journal->append(record)) {
    }
    CHECK(journal->capacity() - journal->used_bytes() < record.size() + 8);
    REQUIRE(journal->checkpoint({}).ok());
    CHECK(journal->capacity() - journal->used_bytes() > Journal::kReserve);
    CHECK(journal->append(record));
}

TEST_CASE("journal: begun anew it goes on behind what batches know", "[store]") {
    Bench at;
    CHECK(at.open()->append("one"));
    auto journal = Journal::open({at.file("journal"), 64U << 10U, "other", 500});
    CHECK(journal->append("two"));
    CHECK(records_of(*journal) == std::vector<std::string>{"501:two"});
}

TEST_CASE("journal: records of another boot or ring are counted, not used", "[store]") {
    Bench at;
    {
        auto journal = at.open();
        CHECK(journal->append("one"));
        CHECK(journal->append("two"));
    }
    auto journal = at.open_as("2");
    CHECK(journal->abandoned() == 2);
    CHECK(journal->problem().find("another") != std::string::npos);
    CHECK(records_of(*journal).empty());
}

TEST_CASE("journal: whatever byte is wrong, the records before it are right", "[store]") {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        Bench at;
        {
            auto journal = at.open();
            for (int i = 0; i < 20; ++i) {
                REQUIRE(journal->append("record " + std::to_string(i)));
            }
        }
        const auto where = static_cast<std::streamoff>(random() % 600);
        std::fstream file(at.file("journal-a"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(where);
        const int byte = file.get();
        file.seekp(where);
        file.put(static_cast<char>(byte ^ (1 << random() % 8)));
        file.close();
        auto journal = at.open();
        int next = 0;
        journal->replay([&](std::uint64_t number, std::string_view record) {
            INFO("byte " << where);
            CHECK(number == static_cast<std::uint64_t>(next + 1));
            CHECK(record == "record " + std::to_string(next++));
        });
        CHECK(journal->append("goes on"));
    }
}

TEST_CASE("journal: without a directory it lives in memory and says so", "[store]") {
    auto journal = Journal::open({"/proc/nowhere/journal", 64U << 10U, "1"});
    CHECK(journal->problem().find("memory") != std::string::npos);
    CHECK(journal->append("one"));
    CHECK(records_of(*journal).size() == 1);
}

TEST_CASE("journal: has its files again once they can be had", "[store]") {
    const test::TempDir dir;
    const JournalOptions options{dir.file("later/journal"), 64U << 10U, "1"};
    auto journal = Journal::open(options);
    CHECK(journal->memory_only().find("memory only") != std::string::npos);
    REQUIRE(journal->append("one"));
    REQUIRE(journal->checkpoint("still memory").ok());
    CHECK_FALSE(journal->memory_only().empty());
    REQUIRE(journal->append("two"));
    std::filesystem::create_directory(dir.file("later"));
    REQUIRE(journal->checkpoint("in a file").ok());
    CHECK(journal->memory_only().empty());
    REQUIRE(journal->append("three"));
    journal.reset();
    journal = Journal::open(options);
    CHECK(journal->snapshot() == "in a file");
    CHECK(records_of(*journal).size() == 1);
    CHECK(journal->last() == 3);
    // And takes turns as ever.
    REQUIRE(journal->checkpoint("again").ok());
    REQUIRE(journal->append("four"));
    journal.reset();
    journal = Journal::open(options);
    CHECK(journal->snapshot() == "again");
    CHECK(journal->last() == 4);
}

// The child writes until it is killed and says before each record that it is about to.
TEST_CASE("journal: what append() returned for is there after kill -9", "[store]") {
    for (int round = 0; round < 20; ++round) {
        Bench at;
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        const pid_t child = ::fork();
        if (child == 0) {
            auto journal = at.open();
            for (std::uint32_t i = 0;; ++i) {
                if (!journal->append(std::to_string(i))) {
                    (void)journal->checkpoint(std::to_string(i));
                    (void)journal->append(std::to_string(i));
                }
                (void)!::write(ends[1], &i, sizeof(i));
            }
        }
        ::close(ends[1]);
        std::uint32_t said = 0;
        for (int i = 0; i < 500 + round * 400; ++i) {
            REQUIRE(::read(ends[0], &said, sizeof(said)) == sizeof(said));
        }
        ::kill(child, SIGKILL);
        while (::read(ends[0], &said, sizeof(said)) == sizeof(said)) {
        }
        ::close(ends[0]);
        ::waitpid(child, nullptr, 0);
        auto journal = at.open();
        CHECK(journal->problem().empty());
        CHECK(journal->last() >= said + 1);  // the last one may have been written and not said
        CHECK(journal->last() <= said + 2);
        std::uint64_t expected =
            journal->snapshot().empty() ? 0 : std::stoull(std::string(journal->snapshot()));
        journal->replay([&](std::uint64_t number, std::string_view record) {
            CHECK(number == expected + 1);
            CHECK(record == std::to_string(expected++));
        });
    }
}

}  // namespace
}  // namespace cxedge::store
