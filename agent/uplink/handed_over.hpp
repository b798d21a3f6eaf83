// SPDX-License-Identifier: Apache-2.0
// What other threads hand over to the uplink. Thread: any.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/uplink/packet.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::uplink {

class HandedOver {
public:
    void ask(const wire::Request& request) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request);
    }
    // Retained ones are kept for every connection, answers for the next that comes.
    void tell(Packet packet) {
        const std::lock_guard lock(mutex_);
        if (!packet.answer) {
            untold_.insert(packet.topic);
            retained_[std::move(packet.topic)] = std::move(packet.payload);
        } else if (answers_.size() < kMostAnswers) {
            answers_.push_back(std::move(packet));
        }
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
    std::vector<Packet> take_packets() {
        const std::lock_guard lock(mutex_);
        std::vector<Packet> due = std::exchange(answers_, {});
        for (const std::string& topic : std::exchange(untold_, {})) {
            due.push_back({topic, retained_.at(topic), {}});
        }
        return due;
    }

private:
    // Whoever asks more at once finds the rest in lane 0.
    static constexpr std::size_t kMostAnswers = 64;

    std::mutex mutex_;
    std::vector<Packet> answers_;
    std::vector<wire::Request> asked_;
    std::map<std::string, std::string> retained_;  // by topic
    std::set<std::string> untold_;                 // topics of it, on this connection
};

}  // namespace cxedge::uplink
