// SPDX-License-Identifier: Apache-2.0
#include "agent/base/event_loop.hpp"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"

namespace cxedge {
namespace {

using std::chrono::milliseconds;

struct SocketPair {
    SocketPair() {
        std::array<int, 2> pair{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
        ours.reset(pair[0]);
        theirs.reset(pair[1]);
    }
    void tell(std::string_view text) const {
        REQUIRE(::send(theirs.get(), text.data(), text.size(), 0) >= 0);
    }
    [[nodiscard]] std::string hear() const {
        std::array<char, 64> bytes{};
        const ssize_t got = ::recv(ours.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
    }
    UniqueFd ours;
    UniqueFd theirs;
};

// Uses up real time without sleeping.
void busy_for(milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

TEST_CASE("event loop: timers fire in the order of their times", "[base]") {
    EventLoop loop;
    std::string order;

    const auto late = loop.after(milliseconds(30), [&] {
        order += "c";
        loop.stop();
    });
    const auto early = loop.after(milliseconds(5), [&] { order += "a"; });
    const auto middle = loop.after(milliseconds(15), [&] { order += "b"; });
    loop.run();

    CHECK(order == "abc");
}

TEST_CASE("event loop: posted tasks run in order, before anything later", "[base]") {
    EventLoop loop;
    std::string order;

    loop.post([&] {
        order += "1";
        loop.post([&] {
            order += "3";
            loop.stop();
        });
    });
    loop.post([&] { order += "2"; });
    CHECK(order.empty());
    loop.run();

    CHECK(order == "123");
}

TEST_CASE("event loop: poll runs what is ready and returns", "[base]") {
    EventLoop loop;
    int ran = 0;
    const auto far = loop.after(std::chrono::hours(1), [&] { ran += 100; });

    loop.post([&] { ++ran; });
    loop.poll();
    loop.poll();

    CHECK(ran == 1);
}

TEST_CASE("event loop: every() skips what it missed and keeps its phase", "[base]") {
    EventLoop loop;
    constexpr milliseconds kPeriod{10};
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::int64_t> ticks;

    const auto timer = loop.every(kPeriod, [&] {
        const auto passed = std::chrono::steady_clock::now() - start;
        ticks.push_back(std::chrono::duration_cast<milliseconds>(passed).count());
        if (ticks.size() == 1) {
            busy_for(milliseconds(75));
        } else if (ticks.size() == 4) {
            loop.stop();
        }
    });
    loop.run();

    // Ticks missed during the 75 ms are not replayed: the next one is a period or so later, not
    // now.
    REQUIRE(ticks.size() == 4);
    CHECK(ticks[1] >= ticks[0] + 75);
    CHECK(ticks[3] >= ticks[1] + 10);
    CHECK(ticks[0] >= 10);
}

TEST_CASE("event loop: a destroyed handle never calls", "[base]") {
    EventLoop loop;
    int calls = 0;
    {
        const auto timer = loop.after(milliseconds(0), [&] { ++calls; });
        const auto repeated = loop.every(milliseconds(1), [&] { ++calls; });
    }
    const auto end = loop.after(milliseconds(10), [&] { loop.stop(); });
    loop.run();

    CHECK(calls == 0);
}

TEST_CASE("event loop: a handle cancelled when already due does not call", "[base]") {
    EventLoop loop;
    bool called = false;
    LoopHandle victim;
    const auto first = loop.after(milliseconds(0), [&] { victim.cancel(); });
    victim = loop.after(milliseconds(1), [&] { called = true; });
    busy_for(milliseconds(5));  // both are due in the same turn
    const auto end = loop.after(milliseconds(5), [&] { loop.stop(); });
    loop.run();

    CHECK_FALSE(called);
    CHECK_FALSE(victim);
}

TEST_CASE("event loop: a callback may cancel its own handle", "[base]") {
    EventLoop loop;
    int calls = 0;
    LoopHandle timer;
    timer = loop.every(milliseconds(1), [&] {
        ++calls;
        timer.cancel();
    });
    const auto end = loop.after(milliseconds(15), [&] { loop.stop(); });
    loop.run();

    CHECK(calls == 1);
}

TEST_CASE("event loop: a callback may replace its own handle", "[base]") {
    EventLoop loop;
    std::string order;
    LoopHandle timer;
    timer = loop.after(milliseconds(1), [&] {
        const std::string mine = "first";
        timer = loop.after(milliseconds(1), [&] {
            order += "second";
            loop.stop();
        });
        order += mine;  // what the callback holds is still alive
    });
    loop.run();

    CHECK(order == "firstsecond");
}

TEST_CASE("event loop: a watch is told until it has read", "[base]") {
    EventLoop loop;
    const SocketPair pair;
    pair.tell("one");
    pair.tell("two");
    int calls = 0;
    std::string heard;

    const auto watch = loop.when_readable(pair.ours.get(), [&] {
        if (++calls == 1) {
            return;  // level triggered: not reading means being told again
        }
        heard += pair.hear();
        if (heard == "onetwo") {
            loop.stop();
        }
    });
    loop.run();

    CHECK(heard == "onetwo");
    CHECK(calls == 3);
}

TEST_CASE("event loop: one descriptor can be watched both ways", "[base]") {
    EventLoop loop;
    const SocketPair pair;
    bool writable = false;
    std::string heard;

    LoopHandle writer;
    const auto reader = loop.when_readable(pair.ours.get(), [&] {
        heard = pair.hear();
        loop.stop();
    });
    writer = loop.when_writable(pair.ours.get(), [&] {
        writable = true;
        writer.cancel();
        pair.tell("late");
    });
    loop.run();

    CHECK(writable);
    CHECK(heard == "late");
}

TEST_CASE("event loop: a watch may destroy itself inside its callback", "[base]") {
    EventLoop loop;
    const SocketPair pair;
    pair.tell("again and again");
    int calls = 0;
    LoopHandle watch;
    watch = loop.when_readable(pair.ours.get(), [&] {
        ++calls;
        watch = LoopHandle();
    });
    const auto end = loop.after(milliseconds(10), [&] { loop.stop(); });
    loop.run();

    CHECK(calls == 1);
}

TEST_CASE("event loop: watching leaves the descriptor blocking", "[base]") {
    EventLoop loop;
    const SocketPair pair;

    const auto watch = loop.when_readable(pair.ours.get(), [] {});
    loop.poll();

    // A plugin's blocking send() depends on it.
    CHECK((::fcntl(pair.ours.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("event loop: a cancelled watch does not hold the connection open", "[base]") {
    EventLoop loop;
    SocketPair pair;
    auto watch = loop.when_readable(pair.ours.get(), [] {});
    loop.poll();

    watch.cancel();
    pair.ours.reset();

    char byte = 0;
    CHECK(::recv(pair.theirs.get(), &byte, 1, MSG_DONTWAIT) == 0);
}

TEST_CASE("event loop: a closed peer is news for the reader", "[base]") {
    EventLoop loop;
    SocketPair pair;
    bool told = false;
    const auto watch = loop.when_readable(pair.ours.get(), [&] {
        told = true;
        loop.stop();
    });
    pair.theirs.reset();
    loop.run();

    CHECK(told);
}

TEST_CASE("event loop: tasks from other threads all run on the loop's", "[base]") {
    constexpr int kThreads = 4;
    constexpr int kTasks = 500;
    EventLoop loop;
    const auto own = std::this_thread::get_id();
    int ran = 0;  // not atomic on purpose: only the loop's thread may touch it
    bool elsewhere = false;
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            for (int task = 0; task < kTasks; ++task) {
                loop.post([&] {
                    elsewhere = elsewhere || std::this_thread::get_id() != own;
                    if (++ran == kThreads * kTasks) {
                        loop.stop();
                    }
                });
            }
        });
    }
    loop.run();
    for (std::thread& thread : threads) {
        thread.join();
    }

    CHECK(ran == kThreads * kTasks);
    CHECK_FALSE(elsewhere);
}

TEST_CASE("event loop: after a stop it can be run again", "[base]") {
    EventLoop loop;
    int ran = 0;
    loop.stop();
    loop.run();
    loop.post([&] {
        ++ran;
        loop.stop();
    });
    loop.run();
    loop.post([&] { ++ran; });
    loop.poll();

    CHECK(ran == 2);
}

TEST_CASE("event loop: another thread can stop it", "[base]") {
    EventLoop loop;
    std::thread stopper([&] { loop.stop(); });
    loop.run();
    stopper.join();
    SUCCEED("run() returned");
}

TEST_CASE("event loop: with a clock of its own, timers fire when that clock says", "[base]") {
    test::ManualClock clock;
    EventLoop loop(clock);
    std::string ran;
    const LoopHandle late = loop.after(milliseconds(300), [&] { ran += 'c'; });
    const LoopHandle once = loop.after(milliseconds(100), [&] { loop.post([&] { ran += 'a'; }); });
    const LoopHandle steady = loop.every(milliseconds(150), [&] { ran += 'b'; });
    LoopHandle never = loop.after(milliseconds(10), [&] { ran += 'x'; });
    never.cancel();

    loop.poll();
    CHECK(ran.empty());
    clock.advance(milliseconds(100));
    loop.poll();
    CHECK(ran == "a");
    clock.advance(milliseconds(500));  // what the period missed is skipped
    loop.poll();
    CHECK(ran == "abc");
    clock.advance(milliseconds(150));
    loop.poll();
    CHECK(ran == "abcb");
}

}  // namespace
}  // namespace cxedge
