// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/reflector_sessions.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins {

void ReflectorSessions::make_room(SteadyTime now) {
    std::erase_if(sessions_, [&](const auto& each) { return now - each.second.seen >= idle_; });
    if (sessions_.size() < most_ || sessions_.empty()) {
        return;
    }
    sessions_.erase(std::min_element(
        sessions_.begin(),
        sessions_.end(),
        [](const auto& one, const auto& other) { return one.second.seen < other.second.seen; }
    ));
}

std::uint32_t ReflectorSessions::next(
    const SocketAddress& from, std::uint16_t ssid, SteadyTime now
) {
    const std::tuple key(from.text(), from.port(), ssid);
    if (sessions_.size() >= most_ && sessions_.find(key) == sessions_.end()) {
        make_room(now);
    }
    Session& session = sessions_.try_emplace(key, Session{0, now}).first->second;
    if (now - session.seen >= idle_) {
        session.next = 0;
    }
    session.seen = now;
    return session.next++;
}

}  // namespace cxedge::plugins
