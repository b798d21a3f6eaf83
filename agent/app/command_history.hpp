// SPDX-License-Identifier: Apache-2.0
// The history as commands from afar: a page of it as an answer, or a range sent once more. Thread:
// main's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "agent/app/command_service.hpp"
#include "agent/app/history_service.hpp"
#include "agent/base/event_loop.hpp"

namespace cxedge::app {

// Arguments: control::history_args(). The result is a page as `cxctl query` gets it from the
// socket, short enough for an answer.
remote::CommandOperation query_operation(const CommandSurroundings& with);
// Likewise, and `id`, 16 hexadecimal digits: what is sent for several commands with the same
// belongs together; without it one is made. The result is control::replay_answer(): where to go on
// when the time was too short for all of it.
remote::CommandOperation replay_operation(const CommandSurroundings& with);

// One replay at a time: page after page, at the pace at which they are delivered.
class CommandedReplay {
public:
    struct Order {
        HistoryQuery query;
        std::uint64_t id = 0;
        SteadyTime until;  // not begun with another page after that
    };
    // `with` outlives it, and so does what it asks for.
    explicit CommandedReplay(const CommandSurroundings& with) : with_(with) {}

    void begin(Order order, remote::CommandRespond respond);

private:
    void next_page();
    void came(const Result<control::ReplayProgress>& progress);
    void end(const Result<std::string>& result);

    const CommandSurroundings& with_;
    std::optional<Order> order_;
    remote::CommandRespond respond_;
    std::uint64_t samples_ = 0;
    bool on_its_way_ = false;  // a page
    LoopHandle turn_;
};

}  // namespace cxedge::app
