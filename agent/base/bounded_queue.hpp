// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace cxedge {

// A queue between two threads with a size, a name and counters: what it drops is seen in telemetry
// under its name, never guessed at. Thread: any.
template <class T>
class BoundedQueue {
public:
    BoundedQueue(std::string name, std::size_t capacity)
        : name_(std::move(name)), capacity_(capacity) {}

    // False when full: the item is refused and counted.
    bool push(T item) {
        const std::lock_guard lock(mutex_);
        if (items_.size() >= capacity_) {
            ++refused_;
            return false;
        }
        items_.push_back(std::move(item));
        return true;
    }

    std::optional<T> pop() {
        const std::lock_guard lock(mutex_);
        if (items_.empty()) {
            return std::nullopt;
        }
        std::optional<T> item(std::move(items_.front()));
        items_.pop_front();
        return item;
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }
    [[nodiscard]] std::uint64_t refused() const {
        const std::lock_guard lock(mutex_);
        return refused_;
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }

private:
    const std::string name_;
    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::deque<T> items_;
    std::uint64_t refused_ = 0;
};

}  // namespace cxedge
