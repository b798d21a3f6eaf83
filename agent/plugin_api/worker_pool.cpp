// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/worker_pool.hpp"

#include <utility>

namespace cxedge {

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        tasks_.clear();
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

bool WorkerPool::run(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= kMaxQueued) {
        return false;
    }
    tasks_.push_back(std::move(task));
    while (threads_.size() < wanted_) {
        threads_.emplace_back([this] { work(); });
    }
    ready_.notify_one();
    return true;
}

void WorkerPool::run_for(
    EventLoop& loop, std::function<void()> work, std::function<void(const Status&)> done
) {
    const bool queued = run([&loop, work = std::move(work), done] {
        work();
        loop.post([done] { done({}); });
    });
    if (!queued) {
        loop.post([done = std::move(done)] {
            done(exhausted("too many blocking calls wait already"));
        });
    }
}

void WorkerPool::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (stopping_) {
            return;
        }
        const std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace cxedge
