// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "plugins/_devices/line_sources.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;
using devices::ChildLines;
using devices::ChildSettings;
using devices::Line;
using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

struct ChildRun {
    explicit ChildRun(const std::string& script) {
        settings.command = {"sh", "-c", script, "script", dir.path().string()};
        settings.timeout = milliseconds(0);
    }
    void start() {
        child = ChildLines::start(settings, host, [this](const Line& line) {
            if (refusals > 0) {
                --refusals;
                return Status(exhausted("disk full"));
            }
            lines.emplace_back(line.text);
            parts.push_back(line.part);
            return Status();
        });
    }
    bool until(std::size_t count) {
        return host.run_until([&] { return lines.size() >= count; });
    }
    bool until_problem(const std::string& part) {
        return host.run_until([&] {
            return !host.problems.empty() && host.problems.back().find(part) != std::string::npos;
        });
    }

    TempDir dir;
    FakeHost host;
    ChildSettings settings;
    Texts lines;
    std::vector<std::uint64_t> parts;
    int refusals = 0;
    std::unique_ptr<ChildLines> child;
};

bool is_alive(const std::string& pid) {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string text;
    std::getline(stat, text);
    const std::size_t end = text.rfind(')');
    return end != std::string::npos && text.size() > end + 2 && text[end + 2] != 'Z';
}

bool has_children() {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

TEST_CASE("child_lines: a program that runs on gives its lines", "[plugins][exec]") {
    ChildRun run("echo one; printf 'two\\r\\n\\nthr'; echo ee; exec tail -f /dev/null");
    run.start();
    REQUIRE(run.until(3));
    CHECK(run.lines == Texts{"one", "two", "three"});
    CHECK(run.host.problems.empty());
    run.child.reset();
    CHECK_FALSE(has_children());
}

TEST_CASE("child_lines: a stop ends all that the program started", "[plugins][exec]") {
    // The grandchild ignores the polite way.
    ChildRun run(
        "sh -c 'trap \"\" TERM; echo $$; while :; do read x < \"$0/never\"; done' \"$1\" & "
        "echo $$; wait; exec tail -f /dev/null"
    );
    REQUIRE(::mkfifo((run.dir.path() / "never").c_str(), 0600) == 0);
    run.start();
    REQUIRE(run.until(2));
    CHECK(is_alive(run.lines[0]));
    CHECK(is_alive(run.lines[1]));
    run.child.reset();
    CHECK(run.host.run_until([&] { return !is_alive(run.lines[0]) && !is_alive(run.lines[1]); }));
    CHECK_FALSE(has_children());
}

TEST_CASE("child_lines: a crash loop is slow and leaves no zombie", "[plugins][exec]") {
    ChildRun run("echo begin; exit 3");
    run.start();
    REQUIRE(run.until(2));
    CHECK(run.parts[0] != run.parts[1]);
    CHECK(run.host.problems == Texts{"the program ended with status 3"});
    REQUIRE(run.host.run_until([&] { return !has_children(); }));
    int turns = 0;
    const LoopHandle tick = run.host.loop().every(milliseconds(100), [&turns] { ++turns; });
    REQUIRE(run.host.run_until([&] { return turns >= 10; }));
    CHECK(run.lines.size() == 2);  // the third comes 2 s after the second
}

TEST_CASE("child_lines: killed by a signal is said", "[plugins][exec]") {
    ChildRun run("kill -9 $$");
    run.start();
    REQUIRE(run.until_problem("ended by signal 9"));
}

TEST_CASE("child_lines: a program that is not there is tried again", "[plugins][exec]") {
    ChildRun run("");
    run.settings.command = {run.dir.file("later")};
    run.start();
    REQUIRE(run.until_problem("No such file or directory"));
    std::ofstream(run.dir.file("next")) << "#!/bin/sh\necho here\nexec tail -f /dev/null\n";
    fs::permissions(run.dir.file("next"), fs::perms::owner_all);
    fs::rename(run.dir.file("next"), run.dir.file("later"));
    REQUIRE(run.until(1));
}

TEST_CASE("child_lines: at an interval each run gives its lines", "[plugins][exec]") {
    ChildRun run("echo run; printf last");
    run.settings.interval = milliseconds(50);
    run.settings.timeout = std::chrono::seconds(10);
    run.start();
    REQUIRE(run.until(6));
    CHECK(run.lines[0] == "run");
    CHECK(run.lines[1] == "last");
    CHECK(run.parts[0] == run.parts[1]);
    CHECK(run.parts[1] != run.parts[2]);
    CHECK(run.host.problems.empty());
}

TEST_CASE("child_lines: a run that fails is a problem until one does not", "[plugins][exec]") {
    ChildRun run("echo x; test -e \"$1/well\"");
    run.settings.interval = milliseconds(50);
    run.settings.timeout = std::chrono::seconds(10);
    run.start();
    REQUIRE(run.until_problem("ended with status 1"));
    std::ofstream(run.dir.file("well")) << "";
    REQUIRE(run.host.run_until([&] { return run.host.problems.back().empty(); }));
    CHECK(run.host.problems.size() == 2);
}

TEST_CASE("child_lines: a run that takes too long is ended with its children", "[plugins][exec]") {
    ChildRun run(
        "mkfifo \"$1/never\" 2>/dev/null; (read x < \"$1/never\") & "
        "printf 'half a num'; read x < \"$1/never\""
    );
    run.settings.interval = milliseconds(100);
    run.settings.timeout = milliseconds(300);
    run.start();
    REQUIRE(run.until_problem("it ran longer than 0.3 s"));
    for (const std::string& line : run.lines) {
        CHECK(line.find("half") == std::string::npos);
    }
    run.child.reset();
    CHECK_FALSE(has_children());
}

TEST_CASE("child_lines: silence of a program that runs on ends it", "[plugins][exec]") {
    ChildRun run("echo begin; exec cat 0<>\"$1/never\"");
    REQUIRE(::mkfifo((run.dir.path() / "never").c_str(), 0600) == 0);
    run.settings.timeout = milliseconds(200);
    run.start();
    REQUIRE(run.until_problem("it said nothing for 0.2 s"));
    REQUIRE(run.until(2));
}

TEST_CASE("child_lines: a flood of standard error is a few lines of the log", "[plugins][exec]") {
    ChildRun run(
        "i=0; while [ $i -lt 5000 ]; do echo oops >&2; i=$((i+1)); done; echo done; exec tail -f "
        "/dev/null"
    );
    run.start();
    REQUIRE(run.until(1));
    REQUIRE(run.host.run_until([&] { return !run.host.logs.empty(); }));
    CHECK(run.host.logs.size() == 10);
    CHECK(run.host.logged("warn standard error: oops"));
}

TEST_CASE("child_lines: while storage refuses the program waits", "[plugins][exec]") {
    ChildRun run("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; exec tail -f /dev/null"
    );
    run.refusals = 1;
    run.start();
    REQUIRE(run.until(20'000));
    for (std::size_t i = 0; i < run.lines.size(); ++i) {
        REQUIRE(run.lines[i] == std::to_string(i));
    }
}

TEST_CASE(
    "child_lines: what a program printed last counts though storage refused", "[plugins][exec]"
) {
    ChildRun run("echo 1; echo 2; printf 3");
    run.settings.interval = std::chrono::seconds(60);
    run.settings.timeout = std::chrono::seconds(30);
    run.refusals = 1;
    run.start();
    REQUIRE(run.until(3));
    CHECK(run.lines == Texts{"1", "2", "3"});
    REQUIRE(run.host.run_until([&] { return !has_children(); }));
}

TEST_CASE("child_lines: a line that is too long is skipped and told once", "[plugins][exec]") {
    ChildRun run("head -c 5000 /dev/zero | tr '\\0' x; echo; echo good; exec tail -f /dev/null");
    run.settings.longest_line = 1'000;
    run.start();
    REQUIRE(run.until(1));
    CHECK(run.lines == Texts{"good"});
    REQUIRE(run.host.events.size() == 1);
}

}  // namespace cxedge::test
