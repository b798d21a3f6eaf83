// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/queue_board.hpp"

#include <algorithm>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostCounters = 256;
constexpr std::size_t kMostQueuesOfCounters = 64;
constexpr std::chrono::minutes kRateWindow{30};
constexpr std::size_t kFewCalls = 10;
constexpr std::size_t kMostCalls = 1'000;

}  // namespace

QueueBoard::Counter* QueueBoard::counter(const std::string& name) {
    const auto known = counters_.find(name);
    if (known != counters_.end()) {
        return &known->second;
    }
    const bool room = !name.empty() && counters_.size() < kMostCounters;
    return room ? &counters_[name] : nullptr;
}

void QueueBoard::take(const TicketEvent& event, const std::string& queue, SteadyTime now) {
    const bool told = event.step == TicketStep::opened || event.step == TicketStep::closed;
    Counter* const at = counter(event.counter);
    if (told && at != nullptr) {
        is_told_ = true;
        at->told_open = event.step == TicketStep::opened;
        at->told_queue = event.queue;
        return;
    }
    const bool works = event.step == TicketStep::called || event.step == TicketStep::served ||
                       event.step == TicketStep::finished;
    const bool fits =
        at != nullptr && (at->busy.size() < kMostQueuesOfCounters || at->busy.contains(queue));
    if (works && fits && !queue.empty()) {
        at->busy[queue] = now;
    }
}

void QueueBoard::called(const std::string& queue, SteadyTime now) {
    if (calls_.size() >= kMostQueuesOfCounters && !calls_.contains(queue)) {
        return;
    }
    std::deque<SteadyTime>& calls = calls_[queue];
    calls.push_back(now);
    while (calls.size() > kMostCalls || now - calls.front() > kRateWindow) {
        calls.pop_front();
    }
}

bool QueueBoard::is_open(const Counter& counter, const std::string& queue, SteadyTime now) const {
    if (is_told_) {
        return counter.told_open.value_or(false) &&
               (counter.told_queue.empty() || counter.told_queue == queue);
    }
    const auto busy = counter.busy.find(queue);
    return busy != counter.busy.end() && now - busy->second <= active_;
}

std::size_t QueueBoard::counters_open(const std::string& queue, SteadyTime now) const {
    const auto open = std::count_if(counters_.begin(), counters_.end(), [&](const auto& entry) {
        return is_open(entry.second, queue, now);
    });
    return static_cast<std::size_t>(open);
}

std::optional<double> QueueBoard::forecast_s(
    const std::string& queue, std::size_t waiting, SteadyTime now
) const {
    const auto found = calls_.find(queue);
    if (found == calls_.end()) {
        return std::nullopt;
    }
    const auto first =
        std::find_if(found->second.begin(), found->second.end(), [&](SteadyTime call) {
            return now - call <= kRateWindow;
        });
    const auto calls = static_cast<std::size_t>(found->second.end() - first);
    if (calls < kFewCalls) {
        return std::nullopt;
    }
    // The window begins with a call, so that one call fewer lies within it.
    const double window = std::chrono::duration<double>(now - *first).count();
    return static_cast<double>(waiting) * window / static_cast<double>(calls - 1);
}

}  // namespace cxedge::plugins
