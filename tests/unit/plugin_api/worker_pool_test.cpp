// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/worker_pool.hpp"

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("worker pool: runs tasks beside the caller", "[plugin_api]") {
    std::promise<std::thread::id> where;
    WorkerPool pool(2);

    REQUIRE(pool.run([&] { where.set_value(std::this_thread::get_id()); }));

    CHECK(where.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("worker pool: as many at once as it has threads", "[plugin_api]") {
    std::promise<void> first;
    std::promise<void> second;
    std::promise<void> done;
    WorkerPool pool(2);

    // Each waits for the other: one thread alone would never finish.
    REQUIRE(pool.run([&] {
        first.set_value();
        second.get_future().wait();
    }));
    REQUIRE(pool.run([&] {
        second.set_value();
        first.get_future().wait();
        done.set_value();
    }));

    done.get_future().wait();
    SUCCEED("both ran together");
}

TEST_CASE("worker pool: refuses once too many wait", "[plugin_api]") {
    std::promise<void> release;
    std::promise<void> begun;
    std::atomic<int> ran{0};
    {
        WorkerPool pool(1);
        REQUIRE(pool.run([&] {
            begun.set_value();
            release.get_future().wait();
            ++ran;
        }));
        begun.get_future().wait();
        for (std::size_t i = 0; i < WorkerPool::kMaxQueued; ++i) {
            REQUIRE(pool.run([&] { ++ran; }));
        }
        CHECK_FALSE(pool.run([&] { ran = -1000; }));
        release.set_value();
    }
    // What had begun was finished; what waited may have been dropped; the refused one never ran.
    CHECK(ran >= 1);
    CHECK(ran <= 1 + static_cast<int>(WorkerPool::kMaxQueued));
}

TEST_CASE("worker pool: whoever offloads hears of it, refused or not", "[plugin_api]") {
    std::promise<void> release;
    std::promise<void> begun;
    EventLoop loop;
    std::size_t done = 0;
    std::vector<std::string> refusals;
    const auto count = [&](const Status& status) {
        ++done;
        if (!status) {
            refusals.push_back(status.error().message);
        }
    };
    WorkerPool pool(1);
    pool.run_for(
        loop,
        [&] {
            begun.set_value();
            release.get_future().wait();
        },
        count
    );
    begun.get_future().wait();
    for (std::size_t i = 0; i < WorkerPool::kMaxQueued; ++i) {
        pool.run_for(
            loop, [] {}, count
        );
    }
    bool ran = false;
    pool.run_for(
        loop, [&] { ran = true; }, count
    );
    CHECK(refusals.empty());  // not from within the call
    loop.poll();
    CHECK(refusals == std::vector<std::string>{"too many blocking calls wait already"});
    release.set_value();
    while (done < WorkerPool::kMaxQueued + 2) {
        loop.poll();
        std::this_thread::yield();
    }
    CHECK(refusals.size() == 1);
    CHECK_FALSE(ran);
}

TEST_CASE("worker pool: an unused one costs no threads and ends quietly", "[plugin_api]") {
    const WorkerPool pool(8);
    SUCCEED("destroyed without having run");
}

}  // namespace
}  // namespace cxedge
