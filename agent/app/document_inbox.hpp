// SPDX-License-Identifier: Apache-2.0
// Documents on their way from the uplink's thread to main's: of each topic the newest, as the
// broker retains it, so that no flood fills the memory. Thread: any.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace cxedge::app {

class DocumentInbox {
public:
    // True: the first since take(), which is now due.
    bool put(const std::string& topic, std::string payload) {
        const std::lock_guard lock(mutex_);
        const bool first = newest_.empty();
        newest_[topic] = std::move(payload);
        return first;
    }
    // By topic.
    std::map<std::string, std::string> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(newest_, {});
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::string> newest_;
};

}  // namespace cxedge::app
