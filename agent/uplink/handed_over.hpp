// SPDX-License-Identifier: Apache-2.0
// What other threads hand over to the uplink. Thread: any.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/wire/request.hpp"

namespace cxedge::uplink {

class HandedOver {
public:
    using Retained = std::pair<std::string, std::string>;  // topic, payload

    void ask(const wire::Request& request) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request);
    }
    void retain(std::string topic, std::string payload) {
        const std::lock_guard lock(mutex_);
        untold_.insert(topic);
        retained_[std::move(topic)] = std::move(payload);
    }
    // A new connection: another broker may be at its end.
    void retain_again() {
        const std::lock_guard lock(mutex_);
        for (const auto& [topic, payload] : retained_) {
            untold_.insert(topic);
        }
    }
    std::vector<wire::Request> take_asked() {
        const std::lock_guard lock(mutex_);
        return std::exchange(asked_, {});
    }
    std::vector<Retained> take_retained() {
        const std::lock_guard lock(mutex_);
        std::vector<Retained> due;
        for (const std::string& topic : std::exchange(untold_, {})) {
            due.emplace_back(topic, retained_.at(topic));
        }
        return due;
    }

private:
    std::mutex mutex_;
    std::vector<wire::Request> asked_;
    std::map<std::string, std::string> retained_;  // by topic
    std::set<std::string> untold_;                 // topics of it, on this connection
};

}  // namespace cxedge::uplink
