// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "plugins/camera/camera_worker.hpp"

namespace cxedge::test {

// What a CameraWorker reported, to be waited for.
class WorkerReports {
public:
    camera::CameraWorker::Report sink() {
        return [this](camera::WorkerReport report) {
            const std::lock_guard lock(mutex_);
            reports_.push_back(std::move(report));
            news_.notify_all();
        };
    }

    // The next report that is a T; what comes before it is dropped. Nothing if none comes in time.
    template <class T>
    std::optional<T> next(std::chrono::milliseconds patience) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        std::unique_lock lock(mutex_);
        while (news_.wait_until(lock, deadline, [this] { return !reports_.empty(); })) {
            const camera::WorkerReport report = std::move(reports_.front());
            reports_.pop_front();
            if (const T* wanted = std::get_if<T>(&report)) {
                return *wanted;
            }
        }
        return std::nullopt;
    }

    void forget() {
        const std::lock_guard lock(mutex_);
        reports_.clear();
    }

private:
    std::mutex mutex_;
    std::condition_variable news_;
    std::deque<camera::WorkerReport> reports_;
};

}  // namespace cxedge::test
