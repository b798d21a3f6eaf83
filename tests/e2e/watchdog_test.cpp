// SPDX-License-Identifier: Apache-2.0
// What systemd would see of an agent of which one thread stands still.
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using std::chrono::milliseconds;

constexpr int kTooOften = 10;

// The other end of $NOTIFY_SOCKET (sd_notify(3)).
class NotifySocket {
public:
    NotifySocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
        REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    }
    [[nodiscard]] std::string path() const { return dir_.file("notify"); }
    // The next message; empty when none comes in time.
    [[nodiscard]] std::string next(milliseconds patience) const {
        pollfd waiting{fd_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) {
            return {};
        }
        std::array<char, 4096> text{};
        const ssize_t got = ::recv(fd_.get(), text.data(), text.size(), 0);
        return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    [[nodiscard]] bool fed_within(milliseconds patience) const {
        std::string message;
        do {
            message = next(patience);
        } while (!message.empty() && message != "WATCHDOG=1");
        return !message.empty();
    }

private:
    TempDir dir_;
    UniqueFd fd_;
};

// Holds one thread of a child process for as long as it lives; the others run.
class HeldThread {
public:
    explicit HeldThread(pid_t thread) : thread_(thread) {
        held_ = ::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) == 0;
        if (held_) {
            ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr);
            ::waitpid(thread_, nullptr, __WALL);
        }
    }
    HeldThread(const HeldThread&) = delete;
    HeldThread& operator=(const HeldThread&) = delete;
    ~HeldThread() {
        if (held_) {
            ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
        }
    }
    [[nodiscard]] bool held() const { return held_; }

private:
    pid_t thread_;
    bool held_ = false;
};

// The threads that tick, by name; the main one has the program's.
std::map<std::string, pid_t> threads_of(pid_t process) {
    std::map<std::string, pid_t> threads;
    const std::string tasks = "/proc/" + std::to_string(process) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        threads.emplace(name, std::stoi(task.path().filename().string()));
    }
    threads["main"] = process;
    return threads;
}

}  // namespace

TEST_CASE("watchdog: it is fed only while every thread runs", "[e2e]") {
    const NotifySocket systemd;
    // No broker: the uplink thread waits and ticks all the same.
    Box box(1, "");
    box.set_starter({"env", "NOTIFY_SOCKET=" + systemd.path(), "WATCHDOG_USEC=200000"});
    box.start();
    REQUIRE(systemd.fed_within(kPatience));
    for (const char* name : {"main", "ingest", "uplink"}) {
        CAPTURE(name);
        const auto threads = threads_of(box.agent().pid());
        REQUIRE(threads.count(name) == 1);
        {
            const HeldThread thread(threads.at(name));
            if (!thread.held()) {
                std::cout << "skipped: ptrace is not allowed here\n";
                return;
            }
            // What it was fed before, and once more if all ticked just before; about one a second
            // comes while all run.
            int fed = 0;
            while (fed < kTooOften && systemd.fed_within(milliseconds(2500))) {
                ++fed;
            }
            CHECK(fed < kTooOften);
        }
        CHECK(systemd.fed_within(kPatience));
    }
    CHECK(box.stop() == 0);
}

}  // namespace cxedge::test
