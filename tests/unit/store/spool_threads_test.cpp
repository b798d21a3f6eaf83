// SPDX-License-Identifier: Apache-2.0
// The two threads of the agent on one spool; run under ThreadSanitizer by the tsan preset.
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "tests/unit/store/spool_fixture.hpp"

namespace cxedge::store {
namespace {

using namespace cxedge::test;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t kAppends = 300;
constexpr std::uint64_t kPerAppend = 4;

// Wakes the reader as the uplink is woken.
class Bell {
public:
    void ring() {
        const std::lock_guard lock(mutex_);
        rung_ = true;
        changed_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return rung_; });
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false;
};

// Catch2 macros are not for other threads: this only counts.
std::uint64_t append_all(Spool& spool) {
    std::uint64_t appended = 0;
    for (std::uint64_t i = 0; i < kAppends; ++i) {
        const std::string body = std::to_string(i) + std::string(500, 'x');
        std::vector<NewBatch> batches(kPerAppend, make_batch(body));
        batches.back().stream = Stream::event;
        appended += spool.append(std::move(batches)).ok() ? kPerAppend : 0;
        if (i % 7 == 0 && !spool.commit(Spool::Move::all)) {
            return 0;
        }
    }
    return appended;
}

// What came out of a lane, by seq.
using Seen = std::map<std::uint64_t, int>;

std::size_t drain(Spool& spool, Lane lane, Seen& seen) {
    const auto some = spool.read(lane, 0, 8);
    if (!some) {
        return 0;
    }
    for (const auto& batch : *some) {
        ++seen[batch.seq];
    }
    return spool.acknowledge(positions_of(*some)).ok() ? some->size() : 0;
}

TEST_CASE("spool: two threads, everything comes out exactly once and in order", "[store]") {
    SpoolFixture at;
    Spool& spool = at.open();
    Bell bell;
    spool.on_append([&] { bell.ring(); });
    Seen live;
    Seen control;
    std::thread reader([&] {
        std::uint64_t taken = 0;
        while (taken < kAppends * kPerAppend) {
            bell.wait();
            std::size_t turn = 0;
            do {
                turn = drain(spool, Lane::live, live) + drain(spool, Lane::control, control);
                taken += turn;
            } while (turn > 0);
        }
    });
    std::atomic<bool> watching{true};
    std::thread watcher([&] {  // as cxctl status does
        while (watching) {
            (void)spool.status(Lane::live);
            (void)spool.storage();
            std::this_thread::yield();
        }
    });
    const std::uint64_t appended = append_all(spool);
    bell.ring();
    reader.join();
    watching = false;
    watcher.join();
    CHECK(appended == kAppends * kPerAppend);
    CHECK(live.size() == kAppends * (kPerAppend - 1));
    CHECK(live.rbegin()->first == live.size());
    CHECK(control.size() == kAppends);
    for (const Seen& lane : {live, control}) {
        for (const auto& [seq, times] : lane) {
            REQUIRE(times == 1);
        }
    }
    CHECK(spool.status(Lane::live).batches == 0);
    CHECK(spool.status(Lane::live).bytes == 0);
    CHECK(read_all(spool).empty());
}

}  // namespace
}  // namespace cxedge::store
