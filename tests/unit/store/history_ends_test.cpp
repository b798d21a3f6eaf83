// SPDX-License-Identifier: Apache-2.0
// The history after every kind of end: damage, kill -9, no directory.
#include <csignal>
#include <fstream>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/history_bench.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;          // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

TEST_CASE("history: a damaged file is put aside, and the history goes on", "[store]") {
    HistoryBench at;
    at.open();
    at.give(at.history->define("a"), 1);
    at.commit();
    at.history.reset();
    SECTION("at the start") {
        std::ofstream(at.file("history.db"), std::ios::binary) << std::string(9000, 'x');
        at.open();
        at.give(at.history->define("a"), 2);
        at.commit();
    }
    SECTION("in use") {
        at.open();
        CHECK(at.read("a").size() == 1);
        for (int i = 0; i < 300; ++i) {
            at.give(at.history->define("b"), i);
            at.clock.advance(1s);
            at.commit();
        }
        std::filesystem::resize_file(at.file("history.db-wal"), 0);
        std::fstream file(at.file("history.db"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(512);
        file << std::string(4096, 'x');
        file.close();
        at.history.reset();
        at.open();
        at.give(at.history->define("a"), 2);
        at.commit();
    }
    const auto repairs = at.history->take_repairs();
    REQUIRE(repairs.size() == 1);
    CHECK(repairs.front().find("history.db was damaged") != std::string::npos);
    CHECK(std::filesystem::exists(at.file("history.db.corrupt-1")));
    CHECK(at.read("a").size() == 1);
    CHECK(at.history->take_repairs().empty());
}

TEST_CASE("history: a row that fails its check sum goes alone", "[store]") {
    HistoryBench at;
    at.open();
    for (int i = 0; i < 5; ++i) {
        at.give(at.history->define("a"), i);
        at.commit();
        at.clock.advance(1min);
    }
    at.history.reset();
    {
        auto database = Database::open(at.file("history.db"));
        REQUIRE(database->execute("UPDATE chunk SET body=x'00' WHERE id=3").ok());
    }
    at.open();
    CHECK(at.read("a").size() == 4);
    at.age(61s);
    const auto repairs = at.history->take_repairs();
    REQUIRE(repairs.size() == 1);
    CHECK(repairs.front().find("1 damaged row") != std::string::npos);
}

// Runs `work` in a child that then dies by SIGKILL.
void in_killed_process(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        work();
        ::raise(SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

TEST_CASE("history: what was sealed survives kill -9, once", "[store]") {
    HistoryBench at;
    for (int kill = 0; kill < 3; ++kill) {
        in_killed_process([&] {
            at.open();
            const auto series = at.history->define("a");
            for (int i = 0; i < 10; ++i) {
                at.give(series, i);
            }
            at.history->seal(10);
            if (kill == 1) {
                (void)at.history->commit(kSynchronised);
            }
            at.give(series, 99);  // not sealed: the journal's
        });
        at.open();
        CHECK(at.history->sealed_through() == 10);
        CHECK(samples_in(at.read("a")) == static_cast<std::uint64_t>(10 * (kill + 1)));
    }
    at.commit();
    at.open();
    CHECK(samples_in(at.read("a")) == 30);
}

TEST_CASE("history: killed between the commit and its note, nothing is there twice", "[store]") {
    HistoryBench at;
    at.open();
    at.give(at.history->define("a"), 1);
    at.history->seal(1);
    const std::string before = at.options.stash_file + ".before";
    std::filesystem::copy_file(at.options.stash_file, before);
    REQUIRE(at.history->commit(kSynchronised).ok());
    at.history.reset();
    std::filesystem::rename(before, at.options.stash_file);
    at.open();
    at.history->work(kSynchronised);
    CHECK(samples_in(at.read("a")) == 1);
}

TEST_CASE("history: a stash of another journal keeps its facts, not its number", "[store]") {
    HistoryBench at;
    at.open();
    at.give(at.history->define("a"), 1);
    at.history->seal(7);
    at.options.context = "boot 2";
    at.options.boot = 2;
    at.open();
    CHECK(at.history->sealed_through() == 0);
    CHECK(samples_in(at.read("a")) == 1);
}

TEST_CASE("history: it commits once an interval, and asks to be sealed before", "[store]") {
    HistoryBench at;
    at.open();
    const auto series = at.history->define("a");
    at.history->work(kSynchronised);
    const auto file_size = [&] {
        return std::filesystem::file_size(at.file("history.db-wal"));
    };
    const auto empty = file_size();
    for (int s = 0; s < 597; ++s) {
        at.give(series, s);
        at.clock.advance(1s);
        at.history->work(kSynchronised);
        REQUIRE_FALSE(at.history->wants_seal());
    }
    CHECK(file_size() == empty);
    at.clock.advance(2s);
    at.history->work(kSynchronised);
    CHECK(at.history->wants_seal());
    at.history->seal(1);
    CHECK_FALSE(at.history->wants_seal());
    at.clock.advance(2s);
    at.history->work(kSynchronised);
    CHECK(file_size() > empty);
}

TEST_CASE("history: no directory to be had is a problem, not an end", "[store]") {
    HistoryBench at;
    at.options.directory = "/dev/null/nowhere";
    at.open();
    at.give(at.history->define("a"), 1);
    at.history->seal(1);
    CHECK_FALSE(at.history->commit(kSynchronised).ok());
    CHECK_FALSE(at.history->status().problem.empty());
    CHECK_FALSE(at.history->events(0, 1).ok());
}

}  // namespace
}  // namespace cxedge::store
