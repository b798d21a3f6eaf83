// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/_devices/file_positions.hpp"
#include "plugins/_devices/line_sources.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;
using devices::FileFollower;
using devices::FileFollowerSettings;
using devices::Line;

void append(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
}

void write_new(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
}

std::string numbered(int from, int count) {
    std::string text;
    for (int i = from; i < from + count; ++i) {
        text += fmt::format("line {}\n", i);
    }
    return text;
}

// A follower with what it gave; the next run is another one with the same directory.
struct FollowerRun {
    explicit FollowerRun(
        const TempDir& dir, const std::string& pattern, const std::string& kept = {}
    )
        : host("tail") {
        settings.paths = {dir.file(pattern)};
        settings.pause = std::chrono::milliseconds(10);
        settings.keep_every = std::chrono::milliseconds(50);
        host.kept_before = kept;
    }

    void start() {
        follower =
            FileFollower::start(settings, host, [this](const Line& line) { return take(line); });
    }
    Status take(const Line& line) {
        if (refusals > 0) {
            --refusals;
            return exhausted("disk full");
        }
        if (!line.id.empty() && !ids.insert(std::string(line.id)).second) {
            ++repeated;
            return {};
        }
        lines.emplace_back(line.text);
        parts.push_back(line.part);
        return {};
    }
    bool until(std::size_t count) {
        return host.run_until([&] { return lines.size() >= count; });
    }
    // Long enough to see all there is.
    void settle() {
        int looks = 0;
        const LoopHandle tick =
            host.loop().every(std::chrono::milliseconds(10), [&looks] { ++looks; });
        REQUIRE(host.run_until([&] { return looks >= 20; }));
    }
    // The kept position of all that was read.
    bool until_kept() {
        const std::string before = host.kept_now;
        return host.run_until([&] { return host.kept_now != before; });
    }

    FakeHost host;
    FileFollowerSettings settings;
    std::vector<std::string> lines;
    std::vector<std::uint64_t> parts;
    std::set<std::string> ids;
    int repeated = 0;
    int refusals = 0;
    std::unique_ptr<FileFollower> follower;
};

using Lines = std::vector<std::string>;

}  // namespace

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

TEST_CASE("file_follower: rotation by renaming loses and repeats nothing", "[plugins][file_tail]") {
    const TempDir dir;
    const bool sees_old = GENERATE(true, false);
    FollowerRun run(dir, sees_old ? "pos.log*" : "pos.log");
    run.start();
    constexpr int kRotations = 8;
    constexpr int kEach = 400;
    std::atomic<bool> is_over{false};
    std::atomic<std::size_t> seen{0};
    std::thread writer([&] {
        for (int rotation = 0; rotation < kRotations; ++rotation) {
            std::ofstream out(dir.file("pos.log"), std::ios::app);
            for (int i = 0; i < kEach; ++i) {
                out << fmt::format("line {}\n", rotation * kEach + i);
                if (i % 50 == 0) {
                    out.flush();
                }
                if (i == kEach / 2) {
                    // The program writes on into the renamed file for a while.
                    out.flush();
                    while (seen < static_cast<std::size_t>(rotation * kEach + 1)) {
                        std::this_thread::yield();
                    }
                    fs::rename(dir.file("pos.log"), dir.file(fmt::format("pos.log.{}", rotation)));
                }
            }
        }
        is_over = true;
    });
    const bool done = run.host.run_until([&] {
        seen = run.lines.size();
        return is_over && run.lines.size() >= kRotations * kEach;
    });
    seen = kRotations * kEach;
    writer.join();
    REQUIRE(done);
    run.settle();
    CHECK(run.lines.size() == kRotations * kEach);
    CHECK(std::set<std::string>(run.lines.begin(), run.lines.end()).size() == kRotations * kEach);
}

TEST_CASE(
    "file_follower: the old file is read to its end before the new one", "[plugins][file_tail]"
) {
    const TempDir dir;
    FollowerRun run(dir, "pos.log");
    run.start();
    write_new(dir.file("pos.log"), "1\n");
    REQUIRE(run.until(1));
    append(dir.file("pos.log"), "2\n3\n");
    fs::rename(dir.file("pos.log"), dir.file("gone.log"));
    write_new(dir.file("pos.log"), "4\n");
    REQUIRE(run.until(4));
    CHECK(run.lines == Lines{"1", "2", "3", "4"});
}

TEST_CASE(
    "file_follower: trap: lines after emptying are not those before", "[plugins][file_tail]"
) {
    const TempDir dir;
    FollowerRun run(dir, "pos.log");
    run.start();
    write_new(dir.file("pos.log"), "1 first\n2 first\n");
    REQUIRE(run.until(2));
    SECTION("shorter") {
        write_new(dir.file("pos.log"), "1 next\n");
        REQUIRE(run.until(3));
        CHECK(run.lines.back() == "1 next");
    }
    SECTION("longer at once, as with copytruncate and a busy program") {
        write_new(dir.file("pos.log"), "1 next\n2 next\n3 next and more\n");
        REQUIRE(run.until(5));
        CHECK(run.lines == Lines{"1 first", "2 first", "1 next", "2 next", "3 next and more"});
    }
    CHECK(run.repeated == 0);
    CHECK(run.parts.front() != run.parts.back());
}

TEST_CASE("file_follower: a copy made before emptying is not read twice", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "pos.log*");
    run.start();
    const std::string first = numbered(0, 500);
    write_new(dir.file("pos.log"), first);
    REQUIRE(run.until(500));
    SECTION("seen while both are there") {
        fs::copy_file(dir.file("pos.log"), dir.file("pos.log.1"));
        run.settle();
        CHECK(run.lines.size() == 500);
        fs::resize_file(dir.file("pos.log"), 0);
    }
    SECTION("what was written last is found in the copy only") {
        append(dir.file("pos.log"), numbered(500, 100));
        fs::copy_file(dir.file("pos.log"), dir.file("pos.log.1"));
        fs::resize_file(dir.file("pos.log"), 0);
        REQUIRE(run.until(600));
    }
    const std::size_t before = run.lines.size();
    append(dir.file("pos.log"), numbered(10'000, 10));
    REQUIRE(run.until(before + 10));
    run.settle();
    CHECK(run.lines.size() == before + 10);
    CHECK(std::set<std::string>(run.lines.begin(), run.lines.end()).size() == run.lines.size());
}

TEST_CASE("file_follower: deleted and made anew", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun run(dir, "pos.log");
    run.start();
    for (int i = 0; i < 5; ++i) {
        write_new(dir.file("pos.log"), "same\nsame\n");
        REQUIRE(run.until(static_cast<std::size_t>(2 * i + 2)));
        fs::remove(dir.file("pos.log"));
        run.settle();
    }
    CHECK(run.lines.size() == 10);
    CHECK(run.repeated == 0);
}

TEST_CASE(
    "file_follower: trap: a kill reads again only what was not kept", "[plugins][file_tail]"
) {
    const TempDir dir;
    FollowerRun first(dir, "pos.log");
    first.start();
    write_new(dir.file("pos.log"), numbered(0, 100));
    REQUIRE(first.until(100));
    REQUIRE(first.until_kept());
    first.settings.keep_every = std::chrono::seconds(60);
    const std::string kept = first.host.kept_now;
    append(dir.file("pos.log"), numbered(100, 50));
    REQUIRE(first.until(150));

    FollowerRun second(dir, "pos.log", kept);
    second.ids = first.ids;  // as the agent remembers
    second.start();
    append(dir.file("pos.log"), numbered(150, 25));
    REQUIRE(second.until(25));
    second.settle();
    CHECK(second.lines.front() == "line 150");
    CHECK(second.lines.size() == 25);
    CHECK(second.repeated == 50);
}

TEST_CASE("file_follower: a stop keeps where it was", "[plugins][file_tail]") {
    const TempDir dir;
    FollowerRun first(dir, "*.log");
    first.start();
    write_new(dir.file("a.log"), numbered(0, 10));
    REQUIRE(first.until(10));
    first.follower.reset();
    CHECK(first.host.kept_now.size() <= kMostKept);

    SECTION("the file grew, and another one appeared") {
        append(dir.file("a.log"), "more\n");
        write_new(dir.file("b.log"), "other\n");
        FollowerRun second(dir, "*.log", first.host.kept_now);
        second.start();
        REQUIRE(second.until(2));
        second.settle();
        CHECK(second.lines == Lines{"more", "other"});
    }
    SECTION("the file was emptied meanwhile: its new lines are no repetitions") {
        write_new(dir.file("a.log"), "line 0\nline 1\n");
        FollowerRun second(dir, "*.log", first.host.kept_now);
        second.ids = first.ids;
        second.start();
        REQUIRE(second.until(2));
        CHECK(second.repeated == 0);
    }
    SECTION("a file was renamed meanwhile: it is the same") {
        append(dir.file("a.log"), "more\n");
        fs::rename(dir.file("a.log"), dir.file("z.log"));
        FollowerRun second(dir, "*.log", first.host.kept_now);
        second.start();
        REQUIRE(second.until(1));
        second.settle();
        CHECK(second.lines == Lines{"more"});
    }
    SECTION("what was kept is about other files") {
        write_new(dir.file("b.txt"), "old\n");
        FollowerRun second(dir, "*.txt", first.host.kept_now);
        second.start();
        second.settle();
        CHECK(second.lines.empty());
    }
    SECTION("what was kept is damaged") {
        FollowerRun second(dir, "*.log", "files1 zz\n\xff\x01 1 2 3\n" + first.host.kept_now);
        second.start();
        second.settle();
        CHECK(second.lines.empty());
        append(dir.file("a.log"), "more\n");
        REQUIRE(second.until(1));
    }
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
    REQUIRE(run.until(4'096));
    run.settle();
    CHECK(run.lines.size() == 4'096);
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

TEST_CASE(
    "file_follower: a hole left by a program that writes on is no line", "[plugins][file_tail]"
) {
    const TempDir dir;
    FollowerRun run(dir, "a.log");
    run.start();
    const int fd = ::open(dir.file("a.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::write(fd, "first line\n", 11) == 11);
    REQUIRE(run.until(1));
    REQUIRE(::ftruncate(fd, 0) == 0);
    run.settle();
    REQUIRE(::write(fd, "second line\n", 12) == 12);
    ::close(fd);
    REQUIRE(run.until(2));
    CHECK(run.lines == Lines{"first line", "second line"});
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
