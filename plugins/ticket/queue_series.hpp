// SPDX-License-Identifier: Apache-2.0
// The series of queues: facts as they come, levels when they change and once a minute. What storage
// refuses waits and goes first next time. Thread: the loop's.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/device_clock.hpp"
#include "plugins/ticket/queue_board.hpp"
#include "plugins/ticket/ticket_book.hpp"

namespace cxedge::plugins {

class QueueSeries {
public:
    struct Naming {
        std::map<std::string, std::string, std::less<>> names;
        std::vector<std::pair<std::string, std::string>> dims;
        std::string device;
        std::size_t max_queues = 64;
    };
    QueueSeries(Host& host, Naming naming, devices::DeviceClock& clock);

    // False: it is one queue too many.
    bool know(const std::string& queue);
    // exhausted: storage is full; what is left is told before anything else, next time.
    Status tell(TicketBook::Facts facts);
    // So much is left to tell that nothing more should be learnt before.
    [[nodiscard]] bool is_full() const;
    struct Levels {
        const TicketBook& book;
        const QueueBoard& board;
        bool all = false;  // also those that did not change
    };
    void tell_levels(const Levels& levels);

private:
    struct Queue {
        std::optional<double> length;  // as told
        std::optional<double> counters;
    };
    Status emit(const QueueFact& fact);
    Result<SeriesId> series(
        const char* metric, Kind kind, const std::string& queue, const std::string& counter
    );
    void level(const char* metric, const std::string& queue, double value);
    [[nodiscard]] std::string called(const std::string& said) const;

    Host& host_;
    Naming naming_;
    devices::DeviceClock& clock_;
    std::map<std::string, Queue> queues_;
    std::map<SeriesKey, SeriesId> ids_;
    std::deque<QueueFact> waiting_;
    bool refused_said_ = false;
};

}  // namespace cxedge::plugins
