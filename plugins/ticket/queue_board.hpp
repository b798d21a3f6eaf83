// SPDX-License-Identifier: Apache-2.0
// Which counters are open and how fast a queue moves, from the steps of its tickets. Pure.
// Thread: one.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"

#include "plugins/ticket/ticket_event.hpp"

namespace cxedge::plugins {

class QueueBoard {
public:
    // A counter that does nothing for `active` is not open, unless the system tells of opening and
    // closing: then only that counts.
    explicit QueueBoard(std::chrono::milliseconds active) : active_(active) {}

    // `queue` is the one that the ticket is in; empty: of a counter, or nothing new.
    void take(const TicketEvent& event, const std::string& queue, SteadyTime now);
    // Somebody's wait ended.
    void called(const std::string& queue, SteadyTime now);

    [[nodiscard]] std::size_t counters_open(const std::string& queue, SteadyTime now) const;
    // Anything of counters was ever told.
    [[nodiscard]] bool knows_counters() const { return !counters_.empty(); }
    // Little's law: who waits, by the calls of the last half hour; empty: too few of them to say.
    [[nodiscard]] std::optional<double> forecast_s(
        const std::string& queue, std::size_t waiting, SteadyTime now
    ) const;

private:
    struct Counter {
        std::optional<bool> told_open;
        std::string told_queue;                  // that it was opened for; empty: for all
        std::map<std::string, SteadyTime> busy;  // last, for each queue
    };
    [[nodiscard]] bool is_open(const Counter& counter, const std::string& queue, SteadyTime now)
        const;
    Counter* counter(const std::string& name);

    std::chrono::milliseconds active_;
    bool is_told_ = false;
    std::map<std::string, Counter> counters_;
    std::map<std::string, std::deque<SteadyTime>> calls_;
};

}  // namespace cxedge::plugins
