// SPDX-License-Identifier: Apache-2.0
// A few threads for calls that block, behind Host::offload(). Thread: any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/base/event_loop.hpp"
#include "agent/base/result.hpp"

namespace cxedge {

class WorkerPool {
public:
    explicit WorkerPool(unsigned threads) : wanted_(threads) {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    // Drops what has not begun and waits for what has.
    ~WorkerPool();

    // False when kMaxQueued tasks wait already. Threads are started with the first task.
    bool run(std::function<void()> task);
    // Host::offload(): `done` is posted to `loop`, which outlives the pool, also when `work` was
    // refused.
    void run_for(
        EventLoop& loop, std::function<void()> work, std::function<void(const Status&)> done
    );

    static constexpr std::size_t kMaxQueued = 256;

private:
    void work();

    const unsigned wanted_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::function<void()>> tasks_;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

}  // namespace cxedge
