// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <sys/stat.h>

#include "plugins/_devices/file_positions.hpp"

#include "tests/plugins/file_tail/follower_run.hpp"

namespace cxedge::test {

namespace fs = std::filesystem;

TEST_CASE("file_follower: what a file holds at the first start is old", "[plugins][file_tail]") {
    const TempDir dir;
    write_new(dir.file("a.log"), "old\nbegun");
    FollowerRun run(dir, "a.log");
    SECTION("its end is where it begins, and a line that had begun is whole") {
        run.start();
        run.settle();
        CHECK(run.lines.empty());
        append(dir.file("a.log"), " and ended\nnew\n");
        REQUIRE(run.until(2));
        CHECK(run.lines == Lines{"begun and ended", "new"});
    }
    SECTION("unless it is asked for") {
        run.settings.from_start = true;
        run.start();
        REQUIRE(run.until(1));
        append(dir.file("a.log"), "\n");
        REQUIRE(run.until(2));
        CHECK(run.lines == Lines{"old", "begun"});
    }
}

TEST_CASE("file_follower: trap: half a line waits for its end", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "a.log");
    run.start();
    write_new(dir.file("a.log"), "count=12");
    run.settle();
    CHECK(run.lines.empty());
    append(dir.file("a.log"), "3\r\n\r\nnext\n");
    REQUIRE(run.until(2));
    CHECK(run.lines == Lines{"count=123", "next"});
}

TEST_CASE("file_follower: no file yet is a problem until there is one", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "a.log");
    run.start();
    REQUIRE(run.host.problems.size() == 1);
    CHECK(run.host.problems[0].find("no file matches") == 0);
    write_new(dir.file("a.log"), "x\n");
    REQUIRE(run.until(1));
    CHECK(run.host.problems.back().empty());
}

TEST_CASE("file_follower: trap: no silent limit of the number of files", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "*.csv");
    run.start();
    SECTION("the hundredth is read like the first, also after a restart") {
        for (int i = 0; i < 100; ++i) {
            write_new(dir.file(fmt::format("{:03}.csv", i)), fmt::format("file {}\n", i));
        }
        REQUIRE(run.until(100));
        CHECK(std::set<std::string>(run.lines.begin(), run.lines.end()).size() == 100);
        run.follower.reset();
        FollowerRun second(dir, "*.csv", run.host.kept_now);
        second.start();
        append(dir.file("000.csv"), "more\n");
        REQUIRE(second.until(1));
        second.settle();
        CHECK(second.lines == Lines{"more"});
    }
    SECTION("more than the bound is said") {
        for (std::size_t i = 0; i <= devices::kMostFollowedFiles; ++i) {
            write_new(dir.file(fmt::format("{:04}.csv", i)), "x\n");
        }
        REQUIRE(run.until(devices::kMostFollowedFiles));
        run.settle();
        CHECK(run.lines.size() == devices::kMostFollowedFiles);
        CHECK(run.host.problems.back() == "there are more than 1024 files: not all are read");
        run.follower.reset();
        CHECK(run.host.kept_now.size() <= kMostKept);
    }
}

TEST_CASE(
    "file_follower: positions that do not fit are of files that are old", "[plugins][file_tail]"
) {
    devices::FilePositions positions;
    positions.paths = 7;
    std::vector<std::int64_t> changed;
    for (std::uint64_t i = 0; i < 500; ++i) {
        positions.files.push_back({{0xfd01, 1'000'000 + i}, 5'000'000 + i, 0xffffffff, 0});
        changed.push_back(static_cast<std::int64_t>(10'000 - i));
    }
    const std::string kept = encode(positions, changed, kMostKept);
    CHECK(kept.size() <= kMostKept);
    const devices::FilePositions back = devices::decode_positions(kept);
    REQUIRE(back.files.size() > 120);
    CHECK(back.files.front() == positions.files.front());
    const std::size_t left_out = back.files.size();
    CHECK(back.missing_before == changed[left_out] + 1);
    CHECK(back.paths == 7);
    CHECK(devices::decode_positions("").files.empty());
    CHECK(devices::decode_positions("files1 1 x\n1 2 3 4 5\n").files.empty());
    CHECK(devices::decode_positions("files1 1 0\n1 2 3 4\n1 2 3 4 5\n").files.size() == 1);
}

TEST_CASE(
    "file_follower: a line that is too long is skipped and told once", "[plugins][file_tail]"
) {
    const TempDir dir;
    FollowerRun run(dir, "a.log");
    run.settings.longest_line = 100;
    run.start();
    const std::string huge(300'000, 'x');
    write_new(dir.file("a.log"), "1\n" + huge);
    REQUIRE(run.until(1));
    run.settle();
    append(
        dir.file("a.log"),
        huge + "\n2\n" + std::string(101, 'y') + "\n" + std::string(100, 'z') + "\n"
    );
    REQUIRE(run.until(3));
    CHECK(run.lines == Lines{"1", "2", std::string(100, 'z')});
    REQUIRE(run.host.events.size() == 1);
    CHECK(run.host.events[0].name == "device.bad_message");
    CHECK(run.host.events[0].text.find("xxx") == std::string::npos);
}

TEST_CASE(
    "file_follower: a refused line comes again, and nothing before it", "[plugins][file_tail]"
) {
    const TempDir dir;
    FollowerRun run(dir, "*.log");
    run.start();
    run.refusals = 1;
    write_new(dir.file("a.log"), "1\n2\n");
    REQUIRE(run.host.run_until([&] { return run.refusals == 0; }));
    CHECK(run.lines.empty());
    CHECK(run.host.problems.back().find("waiting for storage") == 0);
    REQUIRE(run.until(2));
    CHECK(run.lines == Lines{"1", "2"});
    CHECK(run.host.problems.back().empty());
}

TEST_CASE("file_follower: a failed commit gives the lines again", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "a.log");
    run.start();
    const std::string at_start = run.host.kept_now;
    run.host.commit_status = exhausted("storage is full");
    write_new(dir.file("a.log"), numbered(0, 10));
    REQUIRE(run.host.run_until([&] { return run.repeated >= 10; }));
    CHECK(run.host.kept_now == at_start);
    CHECK(run.host.problems.back().find("storage is full") != std::string::npos);
    run.host.commit_status = {};
    REQUIRE(run.until_kept());
    CHECK(run.host.problems.back().empty());
    CHECK(run.lines.size() == 10);
}

TEST_CASE("file_follower: reads no further than the agent remembers", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "a.log");
    run.start();
    run.host.hold_commits = true;
    write_new(dir.file("a.log"), numbered(0, 10'000));
    REQUIRE(run.until(1'024));
    run.settle();
    CHECK(run.lines.size() == 1'024);
    run.host.hold_commits = false;
    run.host.release_commits();
    REQUIRE(run.until(10'000));
    CHECK(run.repeated == 0);
}

// A link to itself cannot be opened by root either.
TEST_CASE(
    "file_follower: a file that cannot be read is told, others go on", "[plugins][file_tail]"
) {
    const TempDir dir;
    fs::create_symlink("a.log", dir.file("a.log"));
    FollowerRun run(dir, "*.log");
    run.start();
    write_new(dir.file("b.log"), "x\n");
    REQUIRE(run.until(1));
    CHECK(run.host.problems.back().find("symbolic links") != std::string::npos);
    fs::remove(dir.file("a.log"));
    append(dir.file("a.log"), "now\n");
    REQUIRE(run.until(2));
    CHECK(run.lines == Lines{"x", "now"});
    CHECK(run.host.problems.back().empty());
}

TEST_CASE(
    "file_follower: pipes, folders and compressed files are left alone", "[plugins][file_tail]"
) {
    const TempDir dir;
    REQUIRE(::mkfifo(dir.file("pipe.log").c_str(), 0600) == 0);
    fs::create_directory(dir.file("folder.log"));
    FollowerRun run(dir, "*.log*");
    run.start();
    write_new(dir.file("b.log.gz"), "not a text\n");
    write_new(dir.file("b.log"), "x\n");
    REQUIRE(run.until(1));
    run.settle();
    CHECK(run.lines == Lines{"x"});
}

TEST_CASE("file_follower: idle files are looked at once a scan", "[plugins][file_tail]") {
    const TempDir dir;
    for (int i = 0; i < 200; ++i) {
        write_new(dir.file(fmt::format("{}.log", i)), "x\n");
    }
    FollowerRun run(dir, "*.log");
    run.start();
    run.settle();
    run.settle();
    CHECK(run.host.commits == 0);
    append(dir.file("7.log"), "woken\n");
    REQUIRE(run.until(1));
}

}  // namespace cxedge::test
