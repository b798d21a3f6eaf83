// SPDX-License-Identifier: Apache-2.0
// One client of the control socket: cuts lines, asks operations, answers in the order of the
// requests. Thread: the loop's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/event_loop.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/control/control.hpp"

namespace cxedge::control {

using Operations = std::map<std::string, Operation>;

class Session : public std::enable_shared_from_this<Session> {
public:
    // `closed` is called once, when the session wants to be forgotten; `loop` and `operations`
    // outlive it.
    Session(
        EventLoop& loop,
        UniqueFd socket,
        const Operations& operations,
        std::function<void(Session&)> closed
    );
    // Begins to read; separate because callbacks need the shared owner.
    void start();

private:
    void on_readable();
    void on_writable();
    void take_lines();
    void handle(std::string_view line);
    void answer(std::uint64_t ticket, std::string line);
    void answer_later(std::uint64_t ticket, std::string line);
    void collect_answers();
    // False when the client is gone.
    bool write_out();
    // Reads, writes or closes, as the state now demands.
    void arrange();
    [[nodiscard]] bool wants_input() const;
    void close();

    EventLoop& loop_;
    UniqueFd socket_;
    const Operations& operations_;
    std::function<void(Session&)> closed_;
    std::string input_;
    std::string output_;
    std::deque<std::optional<std::string>>
        pending_;                     // one a request, in order; empty = not answered
    std::uint64_t first_ticket_ = 0;  // of pending_.front()
    bool input_ended_ = false;
    LoopHandle readable_;
    LoopHandle writable_;
};

}  // namespace cxedge::control
