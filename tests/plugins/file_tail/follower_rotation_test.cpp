// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "tests/plugins/file_tail/follower_run.hpp"

namespace cxedge::test {

namespace fs = std::filesystem;

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

}  // namespace cxedge::test
