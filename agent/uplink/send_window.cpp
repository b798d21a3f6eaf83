// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/send_window.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::uplink {

void SendWindow::reset() {
    packets_.clear();
}

std::size_t SendWindow::batches() const {
    const auto count = std::count_if(packets_.begin(), packets_.end(), [](const auto& packet) {
        return packet.second.batch;
    });
    return static_cast<std::size_t>(count);
}

std::size_t SendWindow::backlog() const {
    const auto count = std::count_if(packets_.begin(), packets_.end(), [](const auto& packet) {
        return packet.second.backlog;
    });
    return static_cast<std::size_t>(count);
}

void SendWindow::add(int mid, InFlight packet) {
    packets_.insert_or_assign(mid, std::move(packet));
}

std::optional<InFlight> SendWindow::settle(int mid) {
    auto node = packets_.extract(mid);
    if (node.empty()) {
        return std::nullopt;
    }
    return std::move(node.mapped());
}

bool SendWindow::contains(std::uint64_t position) const {
    return std::any_of(packets_.begin(), packets_.end(), [&](const auto& packet) {
        return packet.second.batch && packet.second.position == position;
    });
}

std::optional<SteadyTime> SendWindow::oldest() const {
    std::optional<SteadyTime> oldest;
    for (const auto& [mid, packet] : packets_) {
        oldest = oldest ? std::min(*oldest, packet.sent) : packet.sent;
    }
    return oldest;
}

}  // namespace cxedge::uplink
