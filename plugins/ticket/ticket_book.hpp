// SPDX-License-Identifier: Apache-2.0
// The tickets of a day: from steps to what is counted of queues. Steps may come late, twice, in any
// order or not at all; each ticket counts once for each thing. Pure. Thread: one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"

#include "plugins/ticket/ticket_event.hpp"

namespace cxedge::plugins {

struct TicketNow {
    WallTime wall;
    SteadyTime steady;
};

struct QueueFact {
    enum class What : std::uint8_t { arrived, served, abandoned, transferred, wait, service };
    What what = What::arrived;
    std::string queue;
    std::string counter;           // service only; empty: not told
    double value = 1;              // seconds of wait and service
    std::optional<WallTime> time;  // none: now
    bool by_device = false;        // the time is the queue system's own
    // Names the fact, the same when its message comes again, also to the next process; 0: nothing
    // in the message does.
    std::uint64_t key = 0;
};

struct TicketRules {
    bool daily = true;  // numbers begin anew each day; else a number is never given twice
    std::chrono::minutes day_ends{240};  // local time; who still waits then has left
    std::chrono::milliseconds forget{86'400'000};
    std::size_t max_tickets = 10'000;
    bool next_ends = false;  // a call at a counter ends what was served there before
    std::string queue = "main";
};

class TicketBook {
public:
    using Facts = std::vector<QueueFact>;

    explicit TicketBook(TicketRules rules) : rules_(std::move(rules)) {}

    // Steps of tickets only. An id that was seen before says nothing new.
    Facts take(const TicketEvent& event, const TicketNow& now);
    // Ends days and forgets; call it every few seconds.
    Facts tick(const TicketNow& now);

    // That the ticket of the last take() is in; empty: it said nothing new.
    [[nodiscard]] const std::string& last_queue() const { return last_queue_; }
    [[nodiscard]] std::size_t waiting(const std::string& queue) const;
    [[nodiscard]] std::size_t size() const { return tickets_.size(); }

private:
    enum class State : std::uint8_t { unknown, waiting, called, serving, finished, abandoned };
    // A step's time by both clocks: a difference is taken by one of them.
    struct Moment {
        std::optional<WallTime> device;
        SteadyTime receipt;
        std::string id;
    };
    struct Ticket {
        State state = State::unknown;
        std::uint64_t number = 0;
        std::int64_t day = 0;
        std::string queue;
        std::string counter;
        std::optional<Moment> issued;
        std::optional<Moment> called;
        std::optional<Moment> served;
        std::optional<Moment> ended;
        bool arrived_told = false;
        bool served_told = false;
        bool wait_told = false;
        bool service_told = false;
        SteadyTime touched;
    };
    using Key = std::pair<std::int64_t, std::uint64_t>;  // day (0: numbers are unique), number

    [[nodiscard]] Moment moment(
        const std::optional<devices::DeviceTime>& time, const TicketEvent& event
    ) const;
    [[nodiscard]] std::int64_t day_of(WallTime time) const;
    [[nodiscard]] WallTime wall_of(const Moment& moment) const;
    [[nodiscard]] static std::optional<double> seconds(const Moment& from, const Moment& to);
    [[nodiscard]] static bool is_later(const Moment& moment, const Moment& than);
    [[nodiscard]] static bool has_ended(const Ticket& ticket);
    [[nodiscard]] bool is_reused(const Ticket& ticket, const Moment& at) const;

    Ticket& find_or_add(const TicketEvent& event, const Moment& at);
    void make_room();
    void fill_in(Ticket& ticket, const TicketEvent& event);
    void step(Ticket& ticket, const TicketEvent& event, const Moment& at);
    void issue(Ticket& ticket, const Moment& at);
    void call(Ticket& ticket, const TicketEvent& event, const Moment& at);
    void serve(Ticket& ticket, const TicketEvent& event, const Moment& at);
    void finish(Ticket& ticket, const Moment& at);
    void abandon(Ticket& ticket, const Moment& at);
    void transfer(Ticket& ticket, const std::string& queue, const Moment& at);
    void end_at_counter(const Ticket& ticket, const Moment& at);
    void settle(const Ticket& ticket);
    void follow_clock();

    void tell_wait(Ticket& ticket);
    void tell_service(Ticket& ticket);
    void tell_served(Ticket& ticket, const Moment& at);
    void tell(QueueFact::What what, const Ticket& ticket, const Moment& at, double value = 1);
    [[nodiscard]] bool seen(const std::string& id);

    TicketRules rules_;
    TicketNow now_{};
    std::optional<std::chrono::milliseconds> wall_offset_;
    std::map<Key, Ticket> tickets_;
    std::map<std::uint64_t, SteadyTime> ids_;
    Facts facts_;
    std::string last_queue_;
};

}  // namespace cxedge::plugins
