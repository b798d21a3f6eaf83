// SPDX-License-Identifier: Apache-2.0
// Events of other threads on their way to the ingest thread, which is the only one that may put
// them into a batch. Thread: any.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/model/event.hpp"

namespace cxedge::app {

class EventInbox {
public:
    struct Entry {
        Event event;
        std::function<void()> kept;  // thread: ingest, once the event is accepted; may be empty
    };
    void put(Event event, std::function<void()> kept = {}) {
        const std::lock_guard lock(mutex_);
        entries_.push_back({std::move(event), std::move(kept)});
    }
    // What came since the last call, in order.
    std::vector<Entry> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(entries_, {});
    }

private:
    std::mutex mutex_;
    std::vector<Entry> entries_;
};

}  // namespace cxedge::app
