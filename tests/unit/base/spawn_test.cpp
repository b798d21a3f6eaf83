// SPDX-License-Identifier: Apache-2.0
#include "agent/base/spawn.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

// What a shell command says to its descriptor 5, and how it ends.
std::pair<std::string, int> told(const std::string& command, bool own_group) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd read(ends[0]);
    UniqueFd write(ends[1]);
    const auto pid = spawn({"/bin/sh", {"-c", command}, {{write.get(), 5}}, own_group});
    REQUIRE(pid);
    write.reset();
    std::string text;
    std::array<char, 256> some{};
    for (ssize_t got = 1; got > 0;) {
        got = ::read(read.get(), some.data(), some.size());
        text.append(some.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    int status = 0;
    REQUIRE(::waitpid(*pid, &status, 0) == *pid);
    return {text, status};
}

}  // namespace

TEST_CASE("spawn: descriptors under their numbers, a status, words as they are", "[base]") {
    const auto [text, status] = told("printf '%s' \"$0 a  b\" >&5; exit 3", false);
    CHECK(text == "/bin/sh a  b");
    CHECK(WEXITSTATUS(status) == 3);
}

TEST_CASE("spawn: no signal is blocked, whatever is here", "[base]") {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    REQUIRE(::pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    const std::string text = told("grep SigBlk /proc/self/status >&5", false).first;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    CHECK(text == "SigBlk:\t0000000000000000\n");
}

TEST_CASE("spawn: a group of its own where that is asked for", "[base]") {
    const std::string group = "cut -d' ' -f5 /proc/$$/stat >&5";
    const std::string ours = std::to_string(::getpgrp()) + "\n";
    CHECK(told(group, false).first == ours);
    CHECK(told(group, true).first != ours);
}

TEST_CASE("spawn: a program that is not there is told by name", "[base][native][posix_spawn]") {
    const auto pid = spawn({"/nowhere/program", {}, {}});
    REQUIRE_FALSE(pid);
    CHECK_THAT(pid.error().message, Catch::Contains("/nowhere/program"));
}

}  // namespace cxedge
