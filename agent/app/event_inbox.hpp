// SPDX-License-Identifier: Apache-2.0
// Events of other threads on their way to the ingest thread, which is the only one that may put
// them into a batch. Thread: any.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "agent/model/event.hpp"

namespace cxedge::app {

class EventInbox {
public:
    void put(Event event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
    }
    // What came since the last call, in order.
    std::vector<Event> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(events_, {});
    }

private:
    std::mutex mutex_;
    std::vector<Event> events_;
};

}  // namespace cxedge::app
